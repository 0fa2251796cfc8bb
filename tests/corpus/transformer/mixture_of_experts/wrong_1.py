# wrong: softmax over the chosen logits, whether renormalised or not
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
        top, idx = torch.topk(logits, self.top_k, dim=-1)
        gates = F.softmax(top, dim=-1)
        return probs, gates, idx

    def balance(self, probs, idx):
        counts = F.one_hot(idx, self.n_experts).sum(dim=(0, 1)).to(probs.dtype)
        f = counts / idx.numel()
        return self.n_experts * torch.dot(f, probs.mean(dim=0))

    def forward(self, x):
        tokens = x.reshape(-1, x.size(-1))
        probs, gates, idx = self.route(tokens)
        y = torch.zeros_like(tokens)
        for e in range(self.n_experts):
            accepted = 0
            for r in range(self.top_k):
                rows = (idx[:, r] == e).nonzero().squeeze(-1)
                if self.capacity is not None:
                    rows = rows[: self.capacity - accepted]
                accepted += len(rows)
                if len(rows) == 0:
                    continue
                out = self.experts[e](tokens[rows])
                y[rows] += gates[rows, r].unsqueeze(-1).to(x.dtype) * out
        return y.view(x.shape), self.balance(probs, idx)
