"""Exponentials by hand, heads folded into the batch, layers in a loop."""

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, d_memory, n_heads):
        if d_model != n_heads * (d_model // n_heads):
            raise ValueError(d_model, n_heads)
        super().__init__()
        widths = {"out_proj": d_model, "v_proj": d_memory, "k_proj": d_memory, "q_proj": d_model}
        for name, width in widths.items():
            self.add_module(name, nn.Linear(width, d_model))
        self.n_heads = n_heads
        self.scale = (d_model // n_heads) ** -0.5

    def _fold(self, y):
        return torch.cat(y.chunk(self.n_heads, dim=-1), dim=0)

    def forward(self, x, memory, padding=None):
        q = self._fold(self.q_proj(x) * self.scale)
        k, v = self._fold(self.k_proj(memory)), self._fold(self.v_proj(memory))
        s = q @ k.mT
        if padding is None:
            real = torch.ones_like(s)
        else:
            real = (~padding).to(s.dtype).repeat(self.n_heads, 1)[:, None, :].expand_as(s)
        top = s.masked_fill(real == 0, torch.finfo(s.dtype).min).amax(-1, keepdim=True)
        e = (s - top).masked_fill(real == 0, -torch.inf).exp()
        z = e.sum(-1, keepdim=True)
        heads = (e / torch.where(z > 0, z, 1.0)) @ v
        return self.out_proj(torch.cat(heads.chunk(self.n_heads, dim=0), dim=-1))
