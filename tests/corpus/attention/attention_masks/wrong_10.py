# wrong: joins the masks by writing into the first one
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
    j = torch.arange(S, device=start.device)
    return (j >= start.unsqueeze(-1)) & (j < end.unsqueeze(-1))


def masked_softmax(scores, *masks):
    if not masks:
        return scores.softmax(-1)
    seen = masks[0]
    for mask in masks[1:]:
        seen = seen & mask
    empty = ~seen.any(-1, keepdim=True)
    seen |= empty
    return scores.masked_fill(~seen, -math.inf).softmax(-1).masked_fill(empty, 0.0)
