"""Sequence by sequence, with the padding cut away."""

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, d_memory, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("n_heads must divide d_model")
        self.h = n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_memory, d_model)
        self.v_proj = nn.Linear(d_memory, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def _attend(self, x, memory):
        T, D = x.shape
        q, k, v = (
            y.reshape(len(y), self.h, D // self.h).permute(1, 0, 2)
            for y in (self.q_proj(x), self.k_proj(memory), self.v_proj(memory))
        )
        s = torch.matmul(q, k.permute(0, 2, 1)).div((D // self.h) ** 0.5)
        return torch.matmul(s.log_softmax(2).exp(), v).permute(1, 0, 2).reshape(T, D)

    def forward(self, x, memory, padding=None):
        heads = []
        for b in range(len(x)):
            kept = memory[b] if padding is None else memory[b][~padding[b]]
            heads.append(self._attend(x[b], kept))  # over nothing, a matrix product is zero
        return self.out_proj(torch.stack(heads))
