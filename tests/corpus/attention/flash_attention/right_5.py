"""The plain textbook loop."""

import math

import torch


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    B, H, Tq, d = q.shape
    Tk = k.shape[2]
    dt = torch.float64 if q.dtype == torch.float64 else torch.float32
    out = torch.zeros(B, H, Tq, v.shape[3], dtype=dt, device=q.device)
    for qs in range(0, Tq, tile):
        qe = min(qs + tile, Tq)
        qi = q[:, :, qs:qe].to(dt) / math.sqrt(d)
        m = torch.full((B, H, qe - qs, 1), -math.inf, dtype=dt, device=q.device)
        l = torch.zeros_like(m)
        o = torch.zeros(B, H, qe - qs, v.shape[3], dtype=dt, device=q.device)
        for ks in range(0, Tk, tile):
            ke = min(ks + tile, Tk)
            s = qi @ k[:, :, ks:ke].to(dt).transpose(-2, -1)
            if causal:
                rows = torch.arange(qs, qe, device=q.device)[:, None] + Tk - Tq
                cols = torch.arange(ks, ke, device=q.device)[None, :]
                s = s.masked_fill(cols > rows, -math.inf)
            if padding is not None:
                s = s.masked_fill(padding[:, None, None, ks:ke], -math.inf)
            m_new = torch.maximum(m, s.amax(-1, keepdim=True))
            base = torch.where(m_new == -math.inf, torch.zeros_like(m_new), m_new)
            p = torch.exp(s - base)
            corr = torch.exp(m - base)
            l = l * corr + p.sum(-1, keepdim=True)
            o = o * corr + p @ v[:, :, ks:ke].to(dt)
            m = m_new
        out[:, :, qs:qe] = torch.where(l > 0, o / l, torch.zeros_like(o))
    return out.to(q.dtype)
