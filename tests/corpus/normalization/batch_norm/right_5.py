# scale and shift of mean, variance, weight and bias are joined before x is touched
import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, n_channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(n_channels))
        self.bias = nn.Parameter(torch.zeros(n_channels))
        self.register_buffer("running_mean", torch.zeros(n_channels))
        self.register_buffer("running_var", torch.ones(n_channels))

    def forward(self, x):
        shape = [1, -1] + [1] * (x.dim() - 2)
        if self.training:
            dims = [d for d in range(x.dim()) if d != 1]
            n = x.numel() // x.shape[1]
            if n == 1:
                raise ValueError("need more than one value per channel")
            mean = x.mean(dims)
            var = (x - mean.reshape(shape)).square().mean(dims)
            with torch.no_grad():
                self.running_mean.mul_(1 - self.momentum).add_(mean, alpha=self.momentum)
                self.running_var.mul_(1 - self.momentum).add_(
                    var * (n / (n - 1)), alpha=self.momentum
                )
        else:
            mean, var = self.running_mean, self.running_var
        scale = self.weight * torch.rsqrt(var + self.eps)
        return torch.addcmul((self.bias - mean * scale).reshape(shape), x, scale.reshape(shape))
