"""The whole matrix, as everybody writes it at first."""

import math

import torch


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    dt = torch.float64 if q.dtype == torch.float64 else torch.float32
    s = q.to(dt) @ k.to(dt).transpose(-2, -1) / math.sqrt(q.shape[-1])
    Tq, Tk = s.shape[-2:]
    if causal:
        s = s.masked_fill(torch.ones(Tq, Tk, device=q.device).triu(Tk - Tq + 1).bool(), -math.inf)
    if padding is not None:
        s = s.masked_fill(padding[:, None, None, :], -math.inf)
    return (s.softmax(-1).nan_to_num(0.0) @ v.to(dt)).to(q.dtype)
