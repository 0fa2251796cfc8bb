"""Loops over batch and heads too; each tile gives a mean and a log-sum-exp, merged pairwise."""

import math

import torch


def _tile(q, k, v, hidden):
    s = (q @ k.T).masked_fill(hidden, -math.inf)
    lse = torch.logsumexp(s, dim=1)
    base = torch.where(lse == -math.inf, torch.zeros_like(lse), lse)
    return torch.exp(s - base[:, None]) @ v, lse


def _merge(out, lse, out2, lse2):
    both = torch.logaddexp(lse, lse2)
    base = torch.where(both == -math.inf, torch.zeros_like(both), both)
    return (
        out * torch.exp(lse - base)[:, None] + out2 * torch.exp(lse2 - base)[:, None],
        both,
    )


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    B, H, Tq, d = q.shape
    Tk, d_v = v.shape[-2:]
    wide = torch.promote_types(q.dtype, torch.float32)
    result = torch.zeros((B, H, Tq, d_v), dtype=q.dtype, device=q.device)
    for b in range(B):
        for h in range(H):
            for i in range(0, Tq, tile):
                i_end = min(i + tile, Tq)
                q_i = q[b, h, i:i_end].to(wide) / math.sqrt(d)
                out = torch.zeros((i_end - i, d_v), dtype=wide, device=q.device)
                lse = torch.full((i_end - i,), -math.inf, dtype=wide, device=q.device)
                for j in range(0, Tk, tile):
                    if causal and j > i_end - 1 + Tk - Tq:
                        break
                    j_end = min(j + tile, Tk)
                    hidden = torch.zeros((i_end - i, j_end - j), dtype=torch.bool, device=q.device)
                    if causal:
                        rows = torch.arange(i, i_end, device=q.device)[:, None] + Tk - Tq
                        hidden |= torch.arange(j, j_end, device=q.device)[None] > rows
                    if padding is not None:
                        hidden |= padding[b, j:j_end]
                    out, lse = _merge(
                        out,
                        lse,
                        *_tile(q_i, k[b, h, j:j_end].to(wide), v[b, h, j:j_end].to(wide), hidden),
                    )
                result[b, h, i:i_end] = out
    return result
