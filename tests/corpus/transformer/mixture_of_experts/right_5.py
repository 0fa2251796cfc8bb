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

    def route(self, tokens):
        logits = self.router(tokens)
        if logits.dtype in (torch.float16, torch.bfloat16):
            logits = logits.float()
        probs = F.softmax(logits, dim=-1)
        gates, idx = torch.topk(probs, self.top_k, dim=-1)
        if self.renormalize:
            gates = gates / gates.sum(-1, keepdim=True)
        return probs, gates, idx

    def balance(self, probs, idx):
        counts = F.one_hot(idx, self.n_experts).sum(dim=(0, 1)).to(probs.dtype)
        f = counts / idx.numel()
        return self.n_experts * torch.dot(f, probs.mean(dim=0))

    def forward(self, x):
        tokens = x.reshape(-1, x.shape[-1])
        probs, gates, idx = self.route(tokens)
        by_rank = idx.T.flatten()
        seat = torch.zeros_like(by_rank)
        for e in range(self.n_experts):
            mine = by_rank == e
            seat = torch.where(mine, mine.cumsum(0), seat)
        keep = torch.ones_like(idx, dtype=torch.bool)
        if self.capacity is not None:
            keep = (seat <= self.capacity).view(self.top_k, -1).T
        n, k = keep.nonzero(as_tuple=True)
        up = torch.stack([e.up.weight for e in self.experts])[idx[n, k]]  # kept d_ff d_model
        b_up = torch.stack([e.up.bias for e in self.experts])[idx[n, k]]
        down = torch.stack([e.down.weight for e in self.experts])[idx[n, k]]
        b_down = torch.stack([e.down.bias for e in self.experts])[idx[n, k]]
        h = torch.einsum("cfd,cd->cf", up, tokens[n]) + b_up
        out = torch.einsum("cdf,cf->cd", down, h.clamp(min=0)) + b_down
        y = torch.zeros_like(tokens).index_add(0, n, gates[n, k].to(x.dtype)[:, None] * out)
        return y.reshape(x.shape), self.balance(probs, idx)
