"""The position-wise feed-forward network of a Transformer.

Widen every token, cut off what is negative, and come back to the model's width:

    y = max(0, x W₁ᵀ + b₁) W₂ᵀ + b₂

Each token is treated alike and on its own; any axes may stand in front of the last one. There is no
dropout, no norm and no residual connection here. The result has the shape and dtype of x.

>>> FeedForward(d_model=4, d_ff=16)(torch.zeros(2, 3, 4)).shape
torch.Size([2, 3, 4])
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FeedForward(nn.Module):
    """Linear layers with bias: `up` from d_model to d_ff, `down` from d_ff to d_model."""

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        # ✗ self.up = nn.Linear(d_ff, d_model) — In and out are exchanged: the first layer widens.
        # ✗ self.up = nn.Linear(d_model, d_ff, bias=False) — The first bias is missing: both layers
        #   have one.
        self.down = nn.Linear(d_ff, d_model)
        # ✗ self.down = nn.Linear(d_ff, d_model, bias=False) — The second bias is missing: both layers
        #   have one.

    def forward(self, x: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B d_model"]:
        return self.down(torch.relu(self.up(x)))
        # ✗ return self.down(self.up(x)) — Two linear maps in a row are one linear map: put the
        #   nonlinearity between them.
        # ✗ return torch.relu(self.down(torch.relu(self.up(x)))) — The result cannot be negative any
        #   more: the second layer stays linear.
        # ✗ return torch.relu(self.down(self.up(x))) — The nonlinearity comes last: it belongs between
        #   the two layers.
        # ✗ return self.down(self.up(torch.relu(x))) — The input is cut off, not the hidden units: the
        #   nonlinearity belongs between the two layers.
        # ✗ return self.down(nn.functional.gelu(self.up(x))) — This is BERT's and GPT's GELU: the
        #   equation says max(0, ·).
        # ✗ return self.down(nn.functional.relu6(self.up(x))) — Large activations are cut off too: max(0, ·)
        #   has no upper limit.
        # ✗ return x + self.down(torch.relu(self.up(x))) — The residual connection is added here, and
        #   again by the block around it: return the network's output alone.
        # ✗ return self.down(torch.dropout(torch.relu(self.up(x)), 0.1, self.training)) — Nobody asked
        #   for dropout: leave it out.
        # ✗ return self.down(torch.relu(self.up(x.view(-1, x.shape[-1])))).view(x.shape) — A view needs
        #   axes that lie one after the other in memory: a linear layer takes any axes in front as
        #   they are.
        # ✗ return self.down(torch.relu(self.up(x.detach()))) — The gradient ends before the input:
        #   leave x attached.
