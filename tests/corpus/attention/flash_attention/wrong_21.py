# wrong: hides with -1e9 and takes real scores below it for hidden ones

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
            keys, values = k[:, :, j : j + tile].to(dtype), v[:, :, j : j + tile].to(dtype)
            scores = queries @ keys.transpose(-2, -1)
            if causal:
                columns = torch.arange(j, j + keys.shape[2], device=q.device)
                scores = scores.masked_fill(columns > rows + shift, -1e9)
            if padding is not None:
                scores = scores.masked_fill(padding[:, None, None, j : j + tile], -1e9)
            new_top = torch.maximum(top, scores.amax(dim=-1, keepdim=True))
            base = new_top.masked_fill(new_top <= -1e9, 0.0)
            shrink, e = (top - base).exp(), (scores - base).exp().masked_fill(scores == -1e9, 0.0)
            total = total * shrink + e.sum(dim=-1, keepdim=True)
            mixed = mixed * shrink + e @ values
            top = new_top
        out[:, :, i : i + tile] = (mixed / total.masked_fill(total == 0, 1.0)).to(q.dtype)
    return out
