import math

import torch


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    B, H, Tq, d = q.shape
    Tk, d_v = k.shape[2], v.shape[3]
    work = torch.float32 if q.dtype in (torch.float16, torch.bfloat16) else q.dtype
    out = torch.empty(B, H, Tq, d_v, dtype=q.dtype, device=q.device)
    for i in range(0, Tq, tile):
        qi = q[:, :, i : i + tile].to(work) / math.sqrt(d)
        n = qi.shape[2]
        m = torch.full((B, H, n, 1), -torch.inf, dtype=work, device=q.device)
        l = torch.zeros(B, H, n, 1, dtype=work, device=q.device)
        acc = torch.zeros(B, H, n, d_v, dtype=work, device=q.device)
        rows = torch.arange(i, i + n, device=q.device)[:, None] + (Tk - Tq)
        for j in range(0, Tk, tile):
            s = qi @ k[:, :, j : j + tile].to(work).transpose(-1, -2)
            cols = torch.arange(j, j + s.shape[-1], device=q.device)
            if causal:
                s = s.masked_fill(cols > rows, -torch.inf)
            if padding is not None:
                s = s.masked_fill(padding[:, None, None, j : j + tile], -torch.inf)
            new = torch.maximum(m, s.amax(-1, keepdim=True))
            safe = torch.where(new == -torch.inf, 0.0, new)
            p = torch.exp(s - safe)
            alpha = torch.exp(m - safe)
            acc = acc * l * alpha + p @ v[:, :, j : j + tile].to(work)
            l = l * alpha + p.sum(-1, keepdim=True)
            acc = acc / torch.where(l == 0, 1.0, l)
            m = new
        out[:, :, i : i + n] = acc.to(q.dtype)
    return out
