# wrong: places in the queue are counted in half precision
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

    """Positions within the experts by cumsum (as in GShard), logsumexp instead of softmax; empty experts are left out."""

    def forward(self, x):
        tokens = x.contiguous().view(-1, x.size(-1))
        wide = torch.float64 if x.dtype is torch.float64 else torch.float32
        z = self.router(tokens).to(wide)
        p = (z - z.logsumexp(-1, keepdim=True)).exp()
        _, chosen = z.topk(self.top_k)
        onehot = F.one_hot(chosen, self.n_experts)  # N, k, E
        queue = onehot.transpose(0, 1).reshape(-1, self.n_experts).to(x.dtype)
        place = (queue.cumsum(0) - queue).view(self.top_k, -1, self.n_experts).transpose(0, 1)
        accepted = (
            onehot.bool() if self.capacity is None else onehot.bool() & (place < self.capacity)
        )
        weights = p / (p * onehot.sum(1)).sum(-1, keepdim=True) if self.renormalize else p
        sent = accepted.any(1)  # N, E
        y = torch.zeros(tokens.shape, dtype=x.dtype, device=x.device)
        for e in range(self.n_experts):
            rows = sent[:, e].nonzero()[:, 0]
            if rows.numel() == 0:
                continue
            y[rows] = y[rows] + weights[rows, e].to(x.dtype).unsqueeze(1) * self.experts[e](
                tokens[rows]
            )
        f = onehot.sum((0, 1)).to(wide) / onehot.sum()
        return y.view(x.shape), self.n_experts * (f * p.mean(0)).sum()
