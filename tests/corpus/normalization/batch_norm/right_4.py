import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, n_channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(n_channels))
        self.bias = nn.Parameter(torch.zeros(n_channels))
        self.register_buffer("running_mean", torch.zeros(n_channels))
        self.register_buffer("running_var", torch.ones(n_channels))

    def forward(self, x):
        shape = x.shape
        x3 = x.reshape(shape[0], shape[1], -1)  # B C N
        if self.training:
            n = x3.size(0) * x3.size(2)
            if n == 1:
                raise ValueError
            mean = x3.mean((0, 2), keepdim=True)
            var = (x3 - mean).square().mean((0, 2), keepdim=True)
            old = 1 - self.momentum
            new_mean = old * self.running_mean + self.momentum * mean.flatten()
            new_var = old * self.running_var + self.momentum * n / (n - 1) * var.flatten()
            self.running_mean.copy_(new_mean.detach())
            self.running_var.copy_(new_var.detach())
        else:
            mean, var = self.running_mean[:, None], self.running_var[:, None]
        y = (x3 - mean) / (var + self.eps) ** 0.5
        return (self.weight[:, None] * y + self.bias[:, None]).reshape(shape)
