"""Flash attention, forward pass.

Compute attention without ever holding the matrix of scores:

    softmax(Q Kᵀ / √d) V

Take `tile` queries and `tile` keys at a time. The last tile of either may be shorter, and `tile` may
be larger than both lengths. While the tiles of keys go by, keep for each query the largest score so
far, the sum of the exponentials and the weighted sum of the values (online softmax); whenever the
largest score grows, what has been summed so far has to follow.

Memory: beyond the inputs and the output there may be a few numbers per query and per key (a copy of
the inputs is well within that), and scores against one tile of keys at a time, of one tile of
queries or of all. Nothing may have a row for each query and a column for each key, not even the
mask, and no tile of queries may meet all keys at once. The grader counts the peak.

- `padding` is True where a key is padding, anywhere in a sequence: no query attends to it.
- With `causal` the last query stands beside the last key: query i sees the keys up to and including
  i + Tk − Tq, so that with fewer queries than keys the first ones look back on a prefix.
- A query that sees no key at all gets zeros.
- float16 and bfloat16 are computed in float32. The output has the dtype of `q`.

Finite inputs give finite and right results, however large the scores are that float32 can hold (or
float64, if `q` is float64), of either sign. Gradients are not asked for.

>>> q, k, v = torch.zeros(2, 3, 7, 4), torch.zeros(2, 3, 9, 4), torch.ones(2, 3, 9, 5)
>>> flash_attention(q, k, v, tile=4).shape
torch.Size([2, 3, 7, 5])
>>> v = torch.tensor([1.0, 2.0, 6.0]).reshape(1, 1, 3, 1)
>>> flash_attention(q[:1, :1, :2], k[:1, :1, :3], v, tile=2, causal=True).flatten()
tensor([1.5000, 3.0000])
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def flash_attention(
    q: Float[Tensor, "B H Tq d"],
    k: Float[Tensor, "B H Tk d"],
    v: Float[Tensor, "B H Tk d_v"],
    *,
    tile: int,
    causal: bool = False,
    padding: Bool[Tensor, "B Tk"] | None = None,  # True where a key is padding
) -> Float[Tensor, "B H Tq d_v"]:
    """Return what every query gathers from the keys it sees, tile by tile."""
    Tq, Tk = q.shape[-2], k.shape[-2]
    wide = torch.promote_types(q.dtype, torch.float32)
    # ✗ wide = q.dtype — Half precision overflows at 65504 and loses the small terms of a long sum:
    #   keep scores and sums in float32 and round at the end.
    # ✗ wide = torch.float32 — Double precision is lost on the way: widen what is narrower than
    #   float32 and leave the rest.
    out = q.new_empty(*q.shape[:-1], v.shape[-1])
    # ✗ out = q.new_empty(*q.shape[:-1], v.shape[-1], dtype=wide) — The output keeps the precision of
    #   the sums: return the dtype of the queries.
    # ✗ out = torch.empty_like(q) — The output is as wide as the values, which need not be as wide
    #   as the queries: take its last axis from v.
    for i in range(0, Tq, tile):
        # ✗ for i in range(0, Tq - Tq % tile, tile): — The last queries fill no whole tile and are
        #   left out: let the last tile be shorter.
        rows = q[..., i : i + tile, :].to(wide) / math.sqrt(q.shape[-1])
        # ✗ rows = q[..., i : i + tile, :].to(wide) — Unscaled scores grow with the width of the
        #   heads until the softmax saturates: divide by √d.
        # ✗ rows = q[..., i : i + tile, :].to(wide) / q.shape[-1] — A dot product of d terms grows
        #   like √d, not like d: take the root.
        top = rows.new_full((*rows.shape[:-1], 1), -math.inf)
        # ✗ top = rows.new_zeros(*rows.shape[:-1], 1) — A maximum that starts at zero, or at any other
        #   number, is wrong for scores far below it, whose exponentials all vanish: start at −∞.
        total = torch.zeros_like(top)
        sums = rows.new_zeros(*rows.shape[:-1], v.shape[-1])
        for j in range(0, Tk, tile):
            # ✗ for j in range(0, Tk - Tk % tile, tile): — The last keys fill no whole tile and are
            #   never seen: let the last tile be shorter.
            # ✗ for j in range(0, min(Tk, i + tile) if causal else Tk, tile): — The tiles to skip are
            #   those beyond the last visible key, which lies Tk − Tq further than the query.
            scores = rows @ k[..., j : j + tile, :].to(wide).mT
            hidden = torch.zeros(scores.shape[-1], dtype=torch.bool, device=q.device)
            if causal:
                place = torch.arange(Tk - Tq + i, Tk - Tq + i + rows.shape[-2], device=q.device)
                # ✗ place = torch.arange(i, i + rows.shape[-2], device=q.device) — Queries are counted
                #   from the first key: the last query stands beside the last key.
                # ✗ place = torch.arange(Tk - Tq, Tk - Tq + rows.shape[-2], device=q.device) — Every
                #   tile of queries is masked like the first: add where the tile begins.
                # ✗ place = torch.arange(Tk - Tq + i, Tk - Tq + i + rows.shape[-2]) — The positions
                #   are made on the CPU wherever the inputs are: take the device from one of them.
                hidden = torch.arange(j, j + len(hidden), device=q.device) > place[:, None]
                # ✗ hidden = torch.arange(len(hidden), device=q.device) > place[:, None] — Every tile
                #   of keys is masked like the first: add where the tile begins.
                # ✗ hidden = torch.arange(j, j + len(hidden), device=q.device) >= place[:, None] — A
                #   query sees the key at its own place too: hide only what comes after it.
                # ✗ later = torch.arange(Tk, device=q.device) > torch.arange(Tk - Tq, Tk,
                #   device=q.device)[:, None]; hidden = later[i : i + tile, j : j + tile] — The mask
                #   of all queries and keys is built for every tile: compare the positions of the
                #   tile alone.
            if padding is not None:
                hidden = hidden | padding[:, None, None, j : j + tile]
                # ✗ pass — Padding still receives attention: hide it like a key that is out of sight.
                # ✗ hidden = padding[:, None, None, j : j + tile] — The padding replaces the causal
                #   mask: hide a key if either says so.
                # ✗ hidden = hidden | ~padding[:, None, None, j : j + tile] — The mask is read the
                #   wrong way round: True means padding here.
                # ✗ hidden = hidden | padding[:, None, None, : scores.shape[-1]] — Every tile uses the
                #   padding of the first: take the columns of this tile.
            scores = scores.masked_fill(hidden, -math.inf)
            # ✗ scores = scores.masked_fill(hidden, 0.0) — A score of zero still gets weight, since
            #   exp(0) is one: hide a key with −∞.
            # ✗ scores = scores.masked_fill(hidden, -1e4) — Beside real scores that are lower still,
            #   −10⁴ is not low: use −∞.
            # ✗ scores = scores.masked_fill(hidden, torch.finfo(wide).min) — Where every key is
            #   hidden, scores that are equally low become equal weights: use −∞ and give such a
            #   query zeros.
            new = torch.maximum(top, scores.amax(dim=-1, keepdim=True))
            # ✗ new = scores.amax(dim=-1, keepdim=True) — The maximum of this tile alone can be far
            #   below an earlier one, and the correction overflows: keep the larger of the two.
            # ✗ new = torch.zeros_like(top) — Without a maximum taken off, the exponential of a large
            #   score overflows: subtract the largest score so far.
            shift = new.masked_fill(new == -math.inf, 0.0)
            # ✗ shift = new — While everything so far is hidden the maximum is −∞, and −∞ − (−∞) is
            #   NaN, which stays in the sums: subtract zero there.
            weights = (scores - shift).exp()
            keep = (top - shift).exp()
            # ✗ keep = (shift - top).exp() — The correction is turned round: sums over a lower
            #   maximum are too large and must shrink.
            # ✗ keep = torch.ones_like(top) — Neither sum is corrected when the maximum grows:
            #   multiply what is there by exp(old − new).
            total = total * keep + weights.sum(dim=-1, keepdim=True)
            # ✗ total = total + weights.sum(dim=-1, keepdim=True) — The denominator is not corrected
            #   when the maximum grows: multiply it by exp(old − new), like the weighted sum.
            # ✗ total = weights.sum(dim=-1, keepdim=True) — Only the last tile's exponentials are in
            #   the denominator: add up those of all tiles.
            sums = sums * keep + weights @ v[..., j : j + tile, :].to(wide)
            # ✗ sums = sums * keep + weights.to(v.dtype) @ v[..., j : j + tile, :] — Weights not yet
            #   divided by their total make sums larger than any value, and in half precision they
            #   overflow: widen the values instead.
            # ✗ sums = sums + weights @ v[..., j : j + tile, :].to(wide) — The weighted sum is not
            #   corrected when the maximum grows: multiply it by exp(old − new).
            # ✗ w = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-30); total =
            #   torch.ones_like(total); sums = sums + w @ v[..., j : j + tile, :].to(wide) — Each tile
            #   is a softmax of its own: divide once, after the last tile, by the sum of them all.
            top = new
            # ✗ pass — The maximum is not carried on to the next tile: remember it.
        out[..., i : i + tile, :] = sums / total.masked_fill(total == 0, 1.0)
        # ✗ out[..., i : i + tile, :] = sums / total — A query that sees no key divides zero by zero:
        #   give it zeros.
        # ✗ out[..., i : i + tile, :] = sums / (total + 1e-6) — A total may be as small as one, so that
        #   even a little added to it is an error in double precision: guard the zero alone.
    return out


# ✗ flash_attention — The whole matrix of scores is held at once: take a tile of keys at a time and
#   correct the sums as you go.
def _(q, k, v, *, tile, causal=False, padding=None):
    wide = torch.promote_types(q.dtype, torch.float32)
    Tq, Tk = q.shape[-2], k.shape[-2]
    hidden = torch.zeros(Tq, Tk, dtype=torch.bool, device=q.device)
    if causal:
        places = torch.arange(Tk, device=q.device)
        hidden = places > torch.arange(Tk - Tq, Tk, device=q.device)[:, None]
    if padding is not None:
        hidden = hidden | padding[:, None, None, :]
    scores = q.to(wide) @ k.to(wide).mT / math.sqrt(q.shape[-1])
    weights = scores.masked_fill(hidden, -math.inf).softmax(-1).masked_fill(hidden, 0.0)
    return (weights @ v.to(wide)).to(q.dtype)


# ✗ flash_attention — Tiles of queries alone still hold whole rows of scores, so memory grows with
#   the number of keys: take the keys in tiles too, with an online softmax.
def _(q, k, v, *, tile, causal=False, padding=None):
    wide = torch.promote_types(q.dtype, torch.float32)
    Tq, Tk = q.shape[-2], k.shape[-2]
    out = []
    for i in range(0, Tq, tile):
        rows = q[..., i : i + tile, :].to(wide) / math.sqrt(q.shape[-1])
        hidden = torch.zeros(Tk, dtype=torch.bool, device=q.device)
        if causal:
            place = torch.arange(i, i + rows.shape[-2], device=q.device) + Tk - Tq
            hidden = torch.arange(Tk, device=q.device) > place[:, None]
        if padding is not None:
            hidden = hidden | padding[:, None, None, :]
        scores = (rows @ k.to(wide).mT).masked_fill(hidden, -math.inf)
        out.append(scores.softmax(-1).masked_fill(hidden, 0.0) @ v.to(wide))
    return torch.cat(out, dim=-2).to(q.dtype)


# ✗ flash_attention — The scores are computed whole and only then cut into tiles, which saves
#   nothing: multiply one tile of queries with one tile of keys at a time.
def _(q, k, v, *, tile, causal=False, padding=None):
    wide = torch.promote_types(q.dtype, torch.float32)
    Tq, Tk = q.shape[-2], k.shape[-2]
    scores = q.to(wide) @ k.to(wide).mT / math.sqrt(q.shape[-1])
    if causal:
        places = torch.arange(Tk, device=q.device)
        hidden = places > torch.arange(Tk - Tq, Tk, device=q.device)[:, None]
        scores.masked_fill_(hidden, -math.inf)
    if padding is not None:
        scores.masked_fill_(padding[:, None, None, :], -math.inf)
    top = scores.amax(-1, keepdim=True)
    top = top.masked_fill(top == -math.inf, 0.0)
    total, sums = torch.zeros_like(top), 0.0
    for j in range(0, Tk, tile):
        part = (scores[..., j : j + tile] - top).exp()
        total += part.sum(-1, keepdim=True)
        sums = sums + part @ v[..., j : j + tile, :].to(wide)
    return (sums / total.masked_fill(total == 0, 1.0)).to(q.dtype)
