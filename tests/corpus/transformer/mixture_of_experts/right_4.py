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
        n, E = len(tokens), self.n_experts
        probs, gates, idx = self.route(tokens)
        chosen = F.one_hot(idx.mT.reshape(-1), E)  # k·n E, rank by rank
        place = (chosen.cumsum(0) - 1).mul(chosen).sum(-1)
        room = int(chosen.sum(0).max())
        if self.capacity is not None:
            room = min(room, self.capacity)
        kept = place < room
        expert, seat = idx.mT.reshape(-1)[kept], place[kept]
        token = torch.arange(n, device=x.device).repeat(self.top_k)[kept]
        slots = tokens.new_zeros(E, room, x.shape[-1]).index_put((expert, seat), tokens[token])
        up = torch.stack([e.up.weight for e in self.experts])
        b_up = torch.stack([e.up.bias for e in self.experts])[:, None]
        down = torch.stack([e.down.weight for e in self.experts])
        b_down = torch.stack([e.down.bias for e in self.experts])[:, None]
        out = torch.baddbmm(b_down, torch.baddbmm(b_up, slots, up.mT).relu(), down.mT)
        weight = gates.mT.reshape(-1)[kept].to(x.dtype)[:, None]
        y = torch.zeros_like(tokens).index_add(0, token, weight * out[expert, seat])
        return y.reshape(x.shape), self.balance(probs, idx)
