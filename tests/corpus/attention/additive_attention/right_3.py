"""Repeated pairs and one joined matrix; exponentials by hand."""

import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, d_query, d_key, d_hidden):
        super().__init__()
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        self.U = nn.Linear(d_key, d_hidden, bias=False)
        self.v = nn.Linear(d_hidden, 1, bias=False)

    def forward(self, queries, keys, padding=None):
        B, T, S = queries.shape[0], queries.shape[1], keys.shape[1]
        pairs = torch.cat(
            [
                queries.repeat_interleave(S, dim=1),
                keys.repeat(1, T, 1),
            ],
            dim=-1,
        )
        joined = torch.cat([self.W.weight, self.U.weight], dim=1)
        scores = (pairs @ joined.T).tanh().matmul(self.v.weight.T).reshape(B, T, S)
        real = torch.ones_like(scores) if padding is None else (~padding)[:, None].to(scores)
        low = torch.finfo(scores.dtype).min
        top = scores.masked_fill(real == 0, low).max(-1, keepdim=True).values
        e = (scores - top).masked_fill(real == 0, -torch.inf).exp()
        total = e.sum(-1, keepdim=True)
        weights = e / total.masked_fill(total == 0, 1.0)
        return torch.einsum("bts,bsd->btd", weights, keys), weights
