"""The dearest that is right: float64 copies of everything, all queries with one tile of keys."""

import torch


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    B, H, Tq, d = q.shape
    Tk = k.shape[2]
    dtype = torch.float64
    k, v = k.double(), v.double()
    q32 = q.to(dtype) * d**-0.5
    m = torch.full((B, H, Tq), float("-inf"), dtype=dtype, device=q.device)
    l = torch.zeros_like(m)
    acc = torch.zeros(B, H, Tq, v.shape[-1], dtype=dtype, device=q.device)
    q_pos = torch.arange(Tq, device=q.device) + (Tk - Tq)
    start = 0
    for k_t, v_t in zip(k.split(tile, dim=2), v.split(tile, dim=2), strict=True):
        n = k_t.shape[2]
        s = torch.einsum("bhqd,bhkd->bhqk", q32, k_t.to(dtype))
        if causal:
            k_pos = torch.arange(start, start + n, device=q.device)
            s.masked_fill_(k_pos[None, :] > q_pos[:, None], float("-inf"))
        if padding is not None:
            s.masked_fill_(padding[:, None, None, start : start + n], float("-inf"))
        m_new = torch.maximum(m, s.max(dim=-1).values)
        safe = torch.where(torch.isinf(m_new), torch.zeros_like(m_new), m_new)
        p = torch.exp(s - safe[..., None])
        alpha = torch.exp(m - safe)
        l.mul_(alpha).add_(p.sum(-1))
        acc.mul_(alpha[..., None]).add_(torch.einsum("bhqk,bhkv->bhqv", p, v_t.to(dtype)))
        m = m_new
        start += n
    l[l == 0] = 1
    return (acc / l[..., None]).to(q.dtype)
