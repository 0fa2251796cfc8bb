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
        flat = x.flatten(0, -2) if x.dim() > 1 else x[None]
        probs, gates, idx = self.route(flat)
        n = flat.shape[0]
        expert_of = idx.t().reshape(-1)  # all first choices, then all second choices
        token_of = torch.arange(n, device=x.device).repeat(self.top_k)
        gate_of = gates.t().reshape(-1)
        order = torch.argsort(expert_of, stable=True)
        counts = torch.bincount(expert_of, minlength=self.n_experts).tolist()
        pieces, tokens = [], []
        for e, part in enumerate(order.split(counts)):
            if self.capacity is not None:
                part = part[: self.capacity]
            out = self.experts[e](flat.index_select(0, token_of[part]))
            pieces.append(out * gate_of[part].to(out.dtype)[:, None])
            tokens.append(token_of[part])
        y = flat.new_zeros(flat.shape)
        y.index_add_(0, torch.cat(tokens), torch.cat(pieces))
        return y.view_as(x), self.balance(probs, idx)
