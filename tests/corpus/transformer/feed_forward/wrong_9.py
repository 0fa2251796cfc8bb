# view refuses tokens that do not lie next to each other in memory
import torch
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)

    def forward(self, x):
        flat = x.view(-1, x.shape[-1])
        return self.down(torch.relu(self.up(flat))).view(x.shape)
