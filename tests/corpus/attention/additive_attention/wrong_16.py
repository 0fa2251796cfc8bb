# wrong: hides with -20, which leaves padding some weight

import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, d_query, d_key, d_hidden):
        super().__init__()
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        self.U = nn.Linear(d_key, d_hidden, bias=False)
        self.v = nn.Linear(d_hidden, 1, bias=False)

    def forward(self, queries, keys, padding=None):
        hidden = torch.tanh(self.W(queries)[:, :, None] + self.U(keys)[:, None])
        scores = self.v(hidden).squeeze(-1)
        if padding is None:
            weights = scores.softmax(dim=-1)
        else:
            hide = padding[:, None, :]
            weights = scores.masked_fill(hide, -20.0).softmax(dim=-1)
            weights = weights.masked_fill(padding.all(dim=1)[:, None, None], 0.0)
        return weights @ keys, weights
