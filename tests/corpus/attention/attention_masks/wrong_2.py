# wrong: a padding mask of queries and keys, which empties the rows of padding
import math

import torch


def causal_mask(T, S, device=None):
    return torch.ones(T, S, dtype=torch.bool, device=device).tril(S - T)


def padding_mask(lengths, S):
    real = torch.arange(S, device=lengths.device) < lengths[:, None]
    return real[:, None, :] & real[:, :, None]


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
    hidden = scores.masked_fill(~seen, -math.inf)
    return hidden.softmax(-1).masked_fill(~seen, 0.0)
