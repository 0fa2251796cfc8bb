# wrong: a negative end of a span counts from the last key, as in a slice
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
    flat = torch.zeros(start.numel(), S, dtype=torch.bool, device=start.device)
    for row, a, b in zip(flat, start.flatten().tolist(), end.flatten().tolist()):
        row[max(a, 0) : b] = True
    return flat.reshape(*start.shape, S)


def masked_softmax(scores, *masks):
    if not masks:
        return scores.softmax(dim=-1)
    allowed = torch.ones((), dtype=torch.bool, device=scores.device)
    for mask in masks:
        allowed = allowed & mask
    allowed = allowed.expand(scores.shape)
    empty = ~allowed.any(dim=-1, keepdim=True)
    scores = scores.masked_fill(~allowed & ~empty, -torch.inf)
    return scores.softmax(dim=-1).masked_fill(empty, 0.0)
