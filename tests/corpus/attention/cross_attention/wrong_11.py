# keys and values of the first memory are kept for every later memory of the same shape
import math

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, d_memory, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model must be divisible by n_heads")
        self.n_heads = n_heads
        self.cache = None
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_memory, d_model)
        self.v_proj = nn.Linear(d_memory, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def split(self, y):
        B, T, _ = y.shape
        return y.view(B, T, self.n_heads, self.d_head).transpose(1, 2)

    def join(self, y):
        return y.transpose(1, 2).reshape(y.shape[0], y.shape[2], -1)

    def forward(self, x, memory, padding=None):
        if self.cache is None or self.cache[0].shape[:1] + self.cache[0].shape[2:3] != memory.shape[:2]:
            self.cache = self.split(self.k_proj(memory)), self.split(self.v_proj(memory))
        k, v = self.cache
        q = self.split(self.q_proj(x))
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.d_head)
        if padding is not None:
            scores = scores.masked_fill(padding[:, None, None, :], float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        if padding is not None:
            weights = weights.masked_fill(padding.all(dim=-1)[:, None, None, None], 0.0)
        return self.out_proj(self.join(weights @ v))
