# wrong: applies the first two masks only
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
    for mask in masks[:2]:
        allowed = allowed & mask
    allowed = allowed.expand(scores.shape)
    empty = ~allowed.any(dim=-1, keepdim=True)
    scores = scores.masked_fill(~allowed & ~empty, -torch.inf)
    return scores.softmax(dim=-1).masked_fill(empty, 0.0)
