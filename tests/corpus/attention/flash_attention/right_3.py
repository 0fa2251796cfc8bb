"""Pads keys and values to whole tiles, walks them backwards, and computes in float64 throughout."""

import torch
import torch.nn.functional as F

LOWEST = -1e300


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    B, H, Tq, d = q.shape
    Tk = k.size(2)
    extra = -Tk % tile
    n_tiles = (Tk + extra) // tile
    k = F.pad(k, (0, 0, 0, extra))
    v = F.pad(v, (0, 0, 0, extra))
    gone = torch.zeros(B, Tk, dtype=torch.bool, device=q.device) if padding is None else padding
    gone = F.pad(gone, (0, extra), value=True)
    outputs = []
    for first in range(0, Tq, tile):
        block = q[:, :, first : first + tile].double() / d**0.5
        rows = block.size(2)
        biggest = torch.full((B, H, rows, 1), LOWEST, dtype=torch.float64, device=q.device)
        # the values get a column of ones, whose sum is the denominator
        acc = torch.zeros(B, H, rows, v.size(3) + 1, dtype=torch.float64, device=q.device)
        for t in reversed(range(n_tiles)):
            cols = slice(t * tile, (t + 1) * tile)
            mask = gone[:, None, None, cols]
            if causal:
                left = torch.arange(first, first + rows, device=q.device).unsqueeze(1)
                right = torch.arange(t * tile, (t + 1) * tile, device=q.device)
                mask = mask | (right - left > Tk - Tq)
            s = torch.matmul(block, k[:, :, cols].double().transpose(-1, -2))
            peak = s.masked_fill(mask, LOWEST).amax(-1, True)
            higher = torch.max(biggest, peak)
            e = (s - higher).clamp(max=0).exp() * ~mask
            values = F.pad(v[:, :, cols].double(), (0, 1), value=1.0)
            acc = acc * (biggest - higher).exp() + e @ values
            biggest = higher
        sums = acc[..., -1:]
        outputs.append(torch.where(sums > 0, acc[..., :-1] / sums.clamp_min(1e-300), 0.0))
    return torch.cat(outputs, dim=2).to(q.dtype)
