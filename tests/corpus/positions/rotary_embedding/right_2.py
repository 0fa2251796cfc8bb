"""Complex numbers, always in wide precision."""

import torch


def rotary_embedding(x, offset=0, base=10_000.0):
    T, d = x.shape[-2:]
    if d % 2:
        raise ValueError(f"odd width {d}")
    wide = x.double()
    pairs = torch.complex(wide[..., : d // 2].contiguous(), wide[..., d // 2 :].contiguous())
    p = torch.arange(offset, offset + T, device=x.device).double()
    theta = base ** (-2 * torch.arange(d // 2, device=x.device).double() / d)
    angle = p[:, None] * theta
    turned = pairs * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([turned.real, turned.imag], -1).to(x.dtype)


def rotary_attention(q, k, v, offset=0, base=10_000.0):
    scores = torch.einsum(
        "...td,...sd->...ts", rotary_embedding(q, offset, base), rotary_embedding(k, base=base)
    )
    return torch.einsum("...ts,...sv->...tv", torch.softmax(scores * q.shape[-1] ** -0.5, -1), v)
