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
        wide = torch.promote_types(x.dtype, torch.float32)
        tokens = x.contiguous().view(-1, x.shape[-1])
        logits = self.router(tokens).to(wide)
        e = (logits - logits.amax(-1, keepdim=True)).exp()
        p = e / e.sum(-1, keepdim=True)
        threshold = p.topk(self.top_k).values[:, -1:]
        chosen = p >= threshold
        gates = p * chosen
        if self.renormalize:
            gates = F.normalize(gates, p=1, dim=-1)
        rank = torch.where(chosen, (p[:, :, None] < p[:, None, :]).sum(-1), self.top_k)
        parts = []
        for i, expert in enumerate(self.experts):
            rows = torch.nonzero(chosen[:, i])[:, 0]
            rows = rows[rank[rows, i].argsort(stable=True)]
            rows = rows[: self.capacity] if self.capacity is not None else rows
            part = torch.zeros_like(tokens)
            part[rows] = expert(tokens[rows]) * gates[rows, i, None].to(x.dtype)
            parts.append(part)
        load = chosen.to(wide).sum(0) / chosen.sum()
        return torch.stack(parts).sum(0).reshape(x.shape), (load * p.mean(0)).sum() * self.n_experts
