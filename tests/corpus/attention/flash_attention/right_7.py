import torch
from torch import Tensor


def _part(q: Tensor, k: Tensor, v: Tensor, hidden: Tensor | None):
    """Attention to one tile: its result and the log of its normaliser."""
    s = torch.einsum("bhqd,bhkd->bhqk", q, k)
    if hidden is not None:
        s.masked_fill_(hidden, -torch.inf)
    z = s.logsumexp(-1, keepdim=True)
    w = (s - z.nan_to_num(neginf=0.0)).exp()
    return torch.einsum("bhqk,bhkv->bhqv", w, v), z


def _merge(one, two):
    (a, x), (b, y) = one, two
    z = torch.logaddexp(x, y)
    base = z.nan_to_num(neginf=0.0)
    return a * (x - base).exp() + b * (y - base).exp(), z


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    kind = torch.promote_types(q.dtype, torch.float32)
    shift = k.size(-2) - q.size(-2)
    done = []
    for first, queries in zip(range(0, q.size(-2), tile), q.split(tile, dim=-2)):
        queries = queries.to(kind) * q.size(-1) ** -0.5
        place = shift + first + torch.arange(queries.size(-2), device=q.device)
        state = None
        start = 0
        for keys, values in zip(k.split(tile, dim=-2), v.split(tile, dim=-2)):
            size = keys.size(-2)
            if causal and state is not None and start > int(shift + first + queries.size(-2) - 1):
                break
            hidden = None
            if causal:
                hidden = (start + torch.arange(size, device=q.device))[None, :] > place[:, None]
            if padding is not None:
                pad = padding[:, None, None, start : start + size]
                hidden = pad if hidden is None else hidden | pad
            fresh = _part(queries, keys.to(kind), values.to(kind), hidden)
            state = fresh if state is None else _merge(state, fresh)
            start += size
        done.append(state[0].to(q.dtype))
    return torch.cat(done, dim=-2)
