# wrong: an added bias that is made on the CPU and in single precision, whatever the scores are

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
    bias = torch.zeros(seen.shape).masked_fill(~seen, -1e9)
    return (scores + bias).softmax(-1) * seen.any(-1, keepdim=True)
