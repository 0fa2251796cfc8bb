# the bias of the mask is made on the default device, not on that of the queries
import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, d_query: int, d_key: int, d_hidden: int) -> None:
        super().__init__()
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        self.U = nn.Linear(d_key, d_hidden, bias=False)
        self.v = nn.Linear(d_hidden, 1, bias=False)

    def forward(self, queries, keys, padding=None):
        hidden = torch.tanh(self.W(queries).unsqueeze(2) + self.U(keys).unsqueeze(1))
        scores = self.v(hidden).squeeze(-1)
        if padding is not None:
            bias = torch.zeros(padding.shape[0], 1, padding.shape[1])
            bias[padding.unsqueeze(1)] = -1e9
            scores = scores + bias
        weights = scores.softmax(dim=-1)
        if padding is not None:
            weights = weights.masked_fill(padding.unsqueeze(1), 0.0)
        return weights @ keys, weights
