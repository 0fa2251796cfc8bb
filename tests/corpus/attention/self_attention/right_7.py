# Heads by einops, weights by a softmax of its own
import torch
from einops import rearrange, einsum
from torch import nn


class SelfAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("heads must divide the width")
        self.n_heads = n_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(d_model, d_model))

    def forward(self, x, padding=None):
        q, k, v = (
            rearrange(p(x), "b t (h d) -> b h t d", h=self.n_heads)
            for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        s = einsum(q, k, "b h q d, b h k d -> b h q k") * q.shape[-1] ** -0.5
        keep = torch.ones_like(s, dtype=torch.bool)
        if padding is not None:
            keep = keep & ~padding[:, None, None, :]
        s = s.masked_fill(~keep, torch.finfo(s.dtype).min)
        e = (s - s.amax(-1, keepdim=True)).exp() * keep
        w = e / e.sum(-1, keepdim=True).clamp(min=1e-30)
        return self.out_proj(rearrange(einsum(w, v, "b h q k, b h k d -> b h q d"), "b h t d -> b t (h d)"))
