"""A list of all tiles of scores, joined again for one softmax per tile of queries."""

import math

import torch


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    dt = torch.float64 if q.dtype == torch.float64 else torch.float32
    Tq, Tk = q.shape[2], k.shape[2]
    out = []
    for i in range(0, Tq, tile):
        qi = q[:, :, i : i + tile].to(dt) / math.sqrt(q.shape[-1])
        scores = []
        for j in range(0, Tk, tile):
            s = qi @ k[:, :, j : j + tile].to(dt).transpose(-2, -1)
            if causal:
                rows = torch.arange(i, i + qi.shape[2], device=q.device)[:, None] + Tk - Tq
                cols = torch.arange(j, j + s.shape[3], device=q.device)
                s = s.masked_fill(cols > rows, -math.inf)
            if padding is not None:
                s = s.masked_fill(padding[:, None, None, j : j + tile], -math.inf)
            scores.append(s)
        weights = torch.cat(scores, -1).softmax(-1).nan_to_num(0.0)
        out.append(weights @ v.to(dt))
    return torch.cat(out, 2).to(q.dtype)
