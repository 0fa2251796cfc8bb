"""Masks as hidden places, inverted at the end; nan_to_num."""


import torch


def causal_mask(T, S, device=None):
    return ~torch.triu(torch.ones(T, S, device=device), diagonal=S - T + 1).bool()


def padding_mask(lengths, S):
    hidden = torch.arange(S, device=lengths.device).expand(len(lengths), S) >= lengths[:, None]
    return hidden.logical_not().unsqueeze(1)


def prefix_mask(prefix, T):
    k = torch.arange(T, device=prefix.device).view(1, 1, T)
    q = k.mT
    return ~((k > q) & (k >= prefix.view(-1, 1, 1)))


def span_mask(start, end, S):
    j = torch.arange(S, device=start.device)
    return torch.logical_and(start[..., None].le(j), end[..., None].gt(j))


def masked_softmax(scores, *masks):
    for mask in masks:
        scores = torch.where(mask, scores, float("-inf"))
    return torch.softmax(scores, dim=-1).nan_to_num(0.0)
