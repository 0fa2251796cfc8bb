# wrong: stops at a tile of keys that is all padding

import math

import torch


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    B, H, Tq, d = q.shape
    Tk, d_v = v.shape[-2:]
    dtype = torch.promote_types(q.dtype, torch.float32)
    out = torch.zeros(B, H, Tq, d_v, dtype=q.dtype, device=q.device)
    shift = Tk - Tq
    for i in range(0, Tq, tile):
        queries = q[:, :, i : i + tile].to(dtype) / math.sqrt(d)
        n = queries.shape[2]
        rows = torch.arange(i, i + n, device=q.device)[:, None]
        top = torch.full((B, H, n, 1), -torch.inf, dtype=dtype, device=q.device)
        total = torch.zeros_like(top)
        mixed = torch.zeros(B, H, n, d_v, dtype=dtype, device=q.device)
        for j in range(0, Tk, tile):
            if causal and j > i + n - 1 + shift:
                break
            if padding is not None and padding[:, j : j + tile].all():
                break
            keys, values = k[:, :, j : j + tile].to(dtype), v[:, :, j : j + tile].to(dtype)
            scores = queries @ keys.transpose(-2, -1)
            if causal:
                columns = torch.arange(j, j + keys.shape[2], device=q.device)
                scores = scores.masked_fill(columns > rows + shift, -torch.inf)
            if padding is not None:
                scores = scores.masked_fill(padding[:, None, None, j : j + tile], -torch.inf)
            new_top = torch.maximum(top, scores.amax(dim=-1, keepdim=True))
            base = new_top.masked_fill(new_top == -torch.inf, 0.0)
            shrink, e = (top - base).exp(), (scores - base).exp()
            total = total * shrink + e.sum(dim=-1, keepdim=True)
            mixed = mixed * shrink + e @ values
            top = new_top
        out[:, :, i : i + tile] = (mixed / total.masked_fill(total == 0, 1.0)).to(q.dtype)
    return out
