# wrong: subtracts the maximum of all keys, the hidden ones too

import torch


def causal_mask(T, S, device=None):
    return torch.ones(T, S, dtype=torch.bool, device=device).tril(S - T)


def padding_mask(lengths, S):
    return torch.arange(S, device=lengths.device)[None, None, :] < lengths[:, None, None]


def prefix_mask(prefix, T):
    i = torch.arange(T, device=prefix.device)
    inside = i[None, :] < prefix[:, None]
    both = inside[:, :, None] & inside[:, None, :]
    return both | causal_mask(T, T, prefix.device)


def span_mask(start, end, S):
    j = torch.arange(S, device=start.device)
    return (j >= start.unsqueeze(-1)) & (j < end.unsqueeze(-1))


def masked_softmax(scores, *masks):
    seen = torch.ones_like(scores, dtype=torch.bool)
    for mask in masks:
        seen = seen & mask
    e = (scores - scores.amax(-1, keepdim=True)).exp() * seen
    total = e.sum(-1, keepdim=True)
    return e / torch.where(total > 0, total, 1.0)
