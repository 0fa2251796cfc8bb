# wrong: the capacity holds in training only
import torch
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
        if not 1 <= top_k <= n_experts:
            raise ValueError("top_k")
        self.router = nn.Linear(d_model, n_experts, bias=False)
        self.experts = nn.ModuleList(Expert(d_model, d_ff) for _ in range(n_experts))
        self.n_experts, self.top_k, self.renormalize, self.capacity = (
            n_experts,
            top_k,
            renormalize,
            capacity,
        )

    def forward(self, x):
        tokens = x.reshape(-1, x.shape[-1])
        N = len(tokens)
        logits = self.router(tokens)
        p = logits.to(torch.promote_types(logits.dtype, torch.float32)).softmax(-1)
        gates, chosen = p.topk(self.top_k, dim=-1)
        if self.renormalize:
            gates = gates / gates.sum(-1, keepdim=True)
        load = torch.bincount(chosen.flatten(), minlength=self.n_experts).to(p.dtype) / (
            N * self.top_k
        )
        balance = self.n_experts * (load * p.mean(0)).sum()
        gates = gates.to(x.dtype)
        y = torch.zeros_like(tokens)
        for e, expert in enumerate(self.experts):
            rank, token = torch.where(chosen.T == e)
            if self.capacity is not None and self.training:
                rank, token = rank[: self.capacity], token[: self.capacity]
            y = y.index_add(0, token, gates[token, rank, None] * expert(tokens[token]))
        return y.reshape(x.shape), balance
