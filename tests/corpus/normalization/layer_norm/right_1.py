import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.shape, self.eps = tuple(normalized_shape), eps
        self.weight = nn.Parameter(torch.ones(self.shape))
        self.bias = nn.Parameter(torch.zeros(self.shape))

    def forward(self, x):
        k = len(self.shape)
        flat = x.reshape(*x.shape[: x.ndim - k], -1)
        if x.dtype in (torch.float16, torch.bfloat16):
            flat = flat.float()
        var, mean = torch.var_mean(flat, dim=-1, unbiased=False, keepdim=True)
        y = ((flat - mean) / torch.sqrt(var + self.eps)).view(x.shape).to(x.dtype)
        return y * self.weight + self.bias
