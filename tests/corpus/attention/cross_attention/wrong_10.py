# wrong: unhides the keys of empty sequences by writing into the mask
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

    def forward(self, x, memory, padding=None):
        B, T, D = x.shape
        S = memory.shape[1]
        q = self.q_proj(x).view(B, T, self.h, D // self.h)
        k = self.k_proj(memory).view(B, S, self.h, D // self.h)
        v = self.v_proj(memory).view(B, S, self.h, D // self.h)
        scores = torch.einsum("bthd,bshd->bhts", q, k) / (D // self.h) ** 0.5
        if padding is not None:
            dead = padding.all(1)
            padding[dead] = False
            scores = scores.masked_fill(padding[:, None, None], float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        if padding is not None:
            weights = weights.masked_fill(padding[:, None, None] | dead[:, None, None, None], 0.0)
        heads = torch.einsum("bhts,bshd->bthd", weights, v).reshape(B, T, D)
        return self.out_proj(heads)
