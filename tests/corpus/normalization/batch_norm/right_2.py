import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, n_channels: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.C, self.eps, self.momentum = n_channels, eps, momentum
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            self.register_parameter(name, nn.Parameter(torch.full((n_channels,), value)))
        for name, value in (("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((n_channels,), value))

    def forward(self, x):
        out = []
        for c in range(self.C):
            channel = x[:, c]
            if self.training:
                n = channel.numel()
                if n == 1:
                    raise ValueError("n = 1")
                mean = channel.sum() / n
                squares = ((channel - mean) ** 2).sum()
                var = squares / n
                with torch.no_grad():
                    self.running_mean[c].lerp_(mean, self.momentum)
                    self.running_var[c].lerp_(squares / (n - 1), self.momentum)
            else:
                mean, var = self.running_mean[c], self.running_var[c]
            out.append((channel - mean) / (var + self.eps).sqrt() * self.weight[c] + self.bias[c])
        return torch.stack(out, dim=1)
