import torch
from torch import nn


class BatchNorm(nn.Module):
    """Channels last, then an ordinary matrix."""

    def __init__(self, n_channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(n_channels))
        self.bias = nn.Parameter(torch.zeros(n_channels))
        self.register_buffer("running_mean", torch.zeros(n_channels))
        self.register_buffer("running_var", torch.ones(n_channels))

    def forward(self, x):
        moved = x.movedim(1, -1)
        rows = moved.reshape(-1, x.shape[1])
        if self.training:
            if len(rows) < 2:
                raise ValueError("need more than one value per channel")
            var, mean = torch.var_mean(rows, dim=0, unbiased=False)
            unbiased = rows.detach().var(dim=0)
            m = self.momentum
            self.running_mean = (1 - m) * self.running_mean + m * mean.detach()
            self.running_var = (1 - m) * self.running_var + m * unbiased
        else:
            mean, var = self.running_mean, self.running_var
        rows = (rows - mean) / torch.sqrt(var + self.eps) * self.weight + self.bias
        return rows.view(moved.shape).movedim(-1, 1)
