# wrong: zeroes empty rows only where the masks have two axes or more
import torch


def causal_mask(T, S, device=None):
    query = torch.arange(S - T, S, device=device)
    return torch.arange(S, device=device) <= query[:, None]


def padding_mask(lengths, S):
    return (torch.arange(S, device=lengths.device) < lengths[:, None])[:, None, :]


def prefix_mask(prefix, T):
    inside = torch.arange(T, device=prefix.device) < prefix[:, None]
    return causal_mask(T, T, prefix.device) | (inside[:, :, None] & inside[:, None, :])


def span_mask(start, end, S):
    key = torch.arange(S, device=start.device)
    return (start[..., None] <= key) & (key < end[..., None])


def masked_softmax(scores, *masks):
    if not masks:
        return scores.softmax(dim=-1)
    allowed = torch.ones((), dtype=torch.bool, device=scores.device)
    for mask in masks:
        allowed = allowed & mask
    scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=-1)
    return weights * allowed.any(dim=-1, keepdim=True) if allowed.ndim > 1 else weights
