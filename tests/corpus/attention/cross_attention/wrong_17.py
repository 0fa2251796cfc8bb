# wrong: keeps the projected memory in eval mode, for any memory of its shape

import math

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, d_memory, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("n_heads must divide d_model")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_memory, d_model)
        self.v_proj = nn.Linear(d_memory, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def split(self, x):
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def forward(self, x, memory, padding=None):
        q = self.split(self.q_proj(x))
        if (
            self.training
            or getattr(self, "kept", None) is None
            or self.kept[0].shape[2] != memory.shape[1]
            or self.kept[0].shape[0] != memory.shape[0]
        ):
            self.kept = self.split(self.k_proj(memory)), self.split(self.v_proj(memory))
        k, v = self.kept
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if padding is not None:
            hide = padding[:, None, None, :]
            empty = hide.all(dim=-1, keepdim=True)
            scores = scores.masked_fill(hide & ~empty, -torch.inf)
            weights = scores.softmax(dim=-1).masked_fill(empty, 0.0)
        else:
            weights = scores.softmax(dim=-1)
        return self.out_proj((weights @ v).transpose(1, 2).flatten(2))
