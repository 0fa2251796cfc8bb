# right: scores in float32 at least, turned back at the end
import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, d_query, d_key, d_hidden):
        super().__init__()
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        self.U = nn.Linear(d_key, d_hidden, bias=False)
        self.v = nn.Linear(d_hidden, 1, bias=False)

    def forward(self, queries, keys, padding=None):
        wide = torch.promote_types(queries.dtype, torch.float32)
        hidden = self.W(queries).to(wide)[:, :, None] + self.U(keys).to(wide)[:, None]
        scores = (hidden.tanh() * self.v.weight[0].to(wide)).sum(-1)
        if padding is not None:
            scores = scores.masked_fill(padding[:, None], torch.finfo(wide).min)
        weights = scores.softmax(-1)
        if padding is not None:
            weights = weights.masked_fill(padding[:, None], 0.0)
        return (weights @ keys.to(wide)).to(queries.dtype), weights.to(queries.dtype)
