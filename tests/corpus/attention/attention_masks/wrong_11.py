# writes the conjunction into the first mask
import torch


def causal_mask(T, S, device=None):
    queries = torch.arange(S - T, S, device=device)
    keys = torch.arange(S, device=device)
    return keys <= queries[:, None]


def padding_mask(lengths, S):
    return (torch.arange(S, device=lengths.device) < lengths[:, None])[:, None]


def prefix_mask(prefix, T):
    t = torch.arange(T, device=prefix.device)
    inside = t < prefix[:, None]
    return causal_mask(T, T, prefix.device) | (inside[:, :, None] & inside[:, None, :])


def span_mask(start, end, S):
    keys = torch.arange(S, device=start.device)
    return (start[..., None] <= keys) & (keys < end[..., None])


def masked_softmax(scores, *masks):
    if not masks:
        return scores.softmax(dim=-1)
    allowed = masks[0].expand_as(scores) if masks[0].shape != scores.shape else masks[0]
    for mask in masks[1:]:
        allowed = allowed.logical_and_(mask) if allowed.is_contiguous() else allowed & mask
    return scores.masked_fill(~allowed, -torch.inf).softmax(dim=-1).nan_to_num(0.0)
