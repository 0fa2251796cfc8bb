import math

import torch
import torch.nn.functional as F
from torch import nn


class Expert(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))


class MixtureOfExperts(nn.Module):
    def __init__(self, d_model, d_ff, n_experts, top_k, renormalize=True, capacity=None):
        super().__init__()
        if top_k < 1 or top_k > n_experts:
            raise ValueError(f"top_k={top_k} must be in 1..{n_experts}")
        self.n_experts, self.top_k = n_experts, top_k
        self.renormalize, self.capacity = renormalize, capacity
        self.router = nn.Linear(d_model, n_experts, bias=False)
        self.experts = nn.ModuleList([Expert(d_model, d_ff) for _ in range(n_experts)])

    def forward(self, x):
        shape = x.shape
        x = x.reshape(-1, shape[-1])
        p = torch.softmax(self.router(x), dim=-1, dtype=torch.promote_types(x.dtype, torch.float32))
        order = p.argsort(dim=-1, descending=True)[:, : self.top_k]
        table = order.tolist()
        taken = [0] * self.n_experts
        f = [0.0] * self.n_experts
        rows = [torch.zeros_like(token) for token in x]
        for r in range(self.top_k):
            for t, choices in enumerate(table):
                e = choices[r]
                f[e] += 1 / (len(table) * self.top_k)
                if self.capacity is not None and taken[e] == self.capacity:
                    continue
                taken[e] += 1
                gate = p[t, e]
                if self.renormalize:
                    gate = gate / sum(p[t, c] for c in choices)
                rows[t] = rows[t] + gate.to(x.dtype) * self.experts[e](x[t : t + 1])[0]
        balance = self.n_experts * sum(share * p[:, e].mean() for e, share in enumerate(f))
        return torch.stack(rows).view(shape), balance
