import torch
from torch import nn
from torch.nn import functional as F


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.act = nn.ReLU()

    def forward(self, x):
        """Token by token."""
        rows = x.reshape(-1, x.shape[-1])
        return torch.stack([self.down(self.act(self.up(row))) for row in rows]).reshape(x.shape)
