# wrong: spans by slices, in which a negative bound counts from the end
import math

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
    mask = torch.zeros(*start.shape, S, dtype=torch.bool, device=start.device)
    flat = mask.view(-1, S)
    for row, a, b in zip(flat, start.reshape(-1).tolist(), end.reshape(-1).tolist()):
        row[a:b] = True
    return mask


def masked_softmax(scores, *masks):
    seen = torch.ones_like(scores, dtype=torch.bool)
    for mask in masks:
        seen = seen & mask
    hidden = scores.masked_fill(~seen, -math.inf)
    return hidden.softmax(-1).masked_fill(~seen, 0.0)
