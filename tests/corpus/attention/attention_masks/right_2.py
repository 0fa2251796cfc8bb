"""Loops and slices, where values may be read; exponentials by hand."""

import torch


def causal_mask(T, S, device=None):
    mask = torch.zeros(T, S, dtype=torch.bool, device=device)
    for t in range(T):
        mask[t, : S - T + t + 1] = True
    return mask


def padding_mask(lengths, S):
    mask = torch.zeros(len(lengths), 1, S, dtype=torch.bool, device=lengths.device)
    for row, n in zip(mask, lengths.tolist()):
        row[:, :n] = True
    return mask


def prefix_mask(prefix, T):
    mask = causal_mask(T, T, prefix.device).repeat(len(prefix), 1, 1)
    for row, n in zip(mask, prefix.tolist()):
        row[:n, :n] = True
    return mask


def span_mask(start, end, S):
    rows = []
    for a, b in zip(start.reshape(-1).tolist(), end.reshape(-1).tolist()):
        rows.append([a <= j < b for j in range(S)])
    return torch.tensor(rows, device=start.device).reshape(*start.shape, S)


def masked_softmax(scores, *masks):
    keep = torch.ones_like(scores)
    for mask in masks:
        keep = keep * mask
    low = torch.finfo(scores.dtype).min
    shift = scores.masked_fill(keep == 0, low).amax(-1, keepdim=True).detach()
    e = torch.where(keep == 1, scores - shift, 0).exp() * keep
    total = e.sum(-1, keepdim=True)
    return e / torch.where(total == 0, torch.ones_like(total), total)
