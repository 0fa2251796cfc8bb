"""Prefix as a span; softmax in double precision with a finite floor."""


import torch


def causal_mask(T, S, device=None):
    end = torch.arange(S - T + 1, S + 1, device=device)
    return span_mask(torch.zeros_like(end), end, S)


def padding_mask(lengths, S):
    return span_mask(torch.zeros_like(lengths)[:, None], lengths[:, None], S)


def prefix_mask(prefix, T):
    end = torch.maximum(torch.arange(1, T + 1, device=prefix.device), prefix[:, None])
    return span_mask(torch.zeros_like(end), end, T)


def span_mask(start, end, S):
    j = torch.arange(S, device=start.device)
    return (j >= start.unsqueeze(-1)) & (j < end.unsqueeze(-1))


def masked_softmax(scores, *masks):
    wide = scores.double()
    if not masks:
        return wide.softmax(-1).to(scores.dtype)
    seen = torch.stack(torch.broadcast_tensors(*masks)).all(0).expand(scores.shape)
    weights = wide.masked_fill(~seen, -1e300).softmax(-1)
    return torch.where(seen, weights, 0.0).to(scores.dtype)
