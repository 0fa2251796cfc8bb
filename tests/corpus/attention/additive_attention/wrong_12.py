# wrong: takes the exponentials before hiding, with the maximum of all keys
import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, d_query, d_key, d_hidden):
        super().__init__()
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        self.U = nn.Linear(d_key, d_hidden, bias=False)
        self.v = nn.Linear(d_hidden, 1, bias=False)

    def forward(self, queries, keys, padding=None):
        q = self.W(queries).unsqueeze(2)
        k = self.U(keys).unsqueeze(1)
        scores = self.v(torch.tanh(q + k))[..., 0]
        if padding is not None:
            e = (scores - scores.amax(-1, keepdim=True)).exp().masked_fill(padding.unsqueeze(1), 0.0)
            total = e.sum(-1, keepdim=True)
            weights = e / torch.where(total > 0, total, 1.0)
            return torch.bmm(weights, keys), weights
        weights = torch.softmax(scores, dim=-1)
        if padding is not None:
            weights = weights.masked_fill(padding.unsqueeze(1), 0.0)
        return torch.bmm(weights, keys), weights
