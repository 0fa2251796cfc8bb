"""Query by query, as a decoder would."""

import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, d_query, d_key, d_hidden):
        super().__init__()
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        self.U = nn.Linear(d_key, d_hidden, bias=False)
        self.v = nn.Linear(d_hidden, 1, bias=False)

    def _step(self, query, projected, keys, padding):
        scores = torch.tanh(self.W(query)[:, None] + projected) @ self.v.weight[0]
        if padding is None:
            weights = scores.softmax(1)
        else:
            weights = torch.where(padding, -torch.inf, scores).softmax(1)
            weights = torch.where(padding, 0.0, weights)
        return (weights[:, :, None] * keys).sum(1), weights

    def forward(self, queries, keys, padding=None):
        projected = self.U(keys)
        steps = [self._step(query, projected, keys, padding) for query in queries.unbind(1)]
        contexts, weights = zip(*steps)
        return torch.stack(contexts, dim=1), torch.stack(weights, dim=1)
