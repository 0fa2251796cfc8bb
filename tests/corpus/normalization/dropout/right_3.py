import torch
from torch import nn


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, noise):
        ctx.save_for_backward(noise)
        return x * noise

    @staticmethod
    def backward(ctx, g):
        (noise,) = ctx.saved_tensors
        return g * noise, None


class Dropout(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if p > 1 or p < 0:
            raise ValueError(f"bad p: {p}")
        self.p, self.generator = p, generator

    def forward(self, x):
        if not self.training:
            return x
        u = torch.rand(x.shape, generator=self.generator, device=x.device, dtype=torch.float64)
        noise = (u < 1 - self.p).to(x.dtype)
        if self.p < 1:
            noise = noise / (1 - self.p)
        return _Drop.apply(x, noise)
