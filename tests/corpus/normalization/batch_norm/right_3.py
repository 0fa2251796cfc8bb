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
        dims = [d for d in range(x.dim()) if d != 1]
        if self.training:
            n = x.shape[0] * x[0, 0].numel()
            if n <= 1:
                raise ValueError("too few values")
            mean = x.mean(dim=dims)
            var = torch.einsum("bc...->c", self._across(x - self._up(mean, x)) ** 2) / n
            self.running_mean.mul_(1 - self.momentum).add_(mean.detach(), alpha=self.momentum)
            self.running_var.mul_(1 - self.momentum).add_(
                var.detach(), alpha=self.momentum * n / (n - 1)
            )
        else:
            mean, var = self.running_mean, self.running_var
        scale = self.weight * (var + self.eps).rsqrt()
        return x * self._up(scale, x) + self._up(self.bias - mean * scale, x)

    @staticmethod
    def _across(x):
        return x.flatten(2) if x.dim() > 2 else x

    @staticmethod
    def _up(v, x):
        return v[(None, slice(None)) + (None,) * (x.dim() - 2)]
