"""The SwiGLU feed-forward network.

Let one projection of every token decide how much of another one passes:

    y = W_down (SiLU(W_gate x) ⊙ W_up x),    SiLU(z) = z · σ(z) = z / (1 + e⁻ᶻ)

Each token is treated alike and on its own; any axes may stand in front of the last one. There is no
bias, dropout or residual connection. The result has the shape and dtype of x. Outputs and gradients
stay finite when the gate's input is in the thousands.

>>> layer = SwiGLU(d_model=4, d_ff=6)
>>> layer(torch.zeros(2, 3, 4)).shape
torch.Size([2, 3, 4])
>>> sum(parameter.numel() for parameter in layer.parameters())
72
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class SwiGLU(nn.Module):
    """Linear layers without bias.

    `gate_proj` and `up_proj` lead from d_model to d_ff, `down_proj` leads back.
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(d_model, d_ff, bias=False)
        # ✗ self.gate_proj = nn.Linear(d_model, d_ff) — The gate has a bias: none of the three layers
        #   has one.
        self.up_proj = nn.Linear(d_model, d_ff, bias=False)
        # ✗ self.up_proj = self.gate_proj — Gate and value share one matrix: give each its own.
        self.down_proj = nn.Linear(d_ff, d_model, bias=False)
        # ✗ self.down_proj = nn.Linear(d_ff, d_model) — The last layer has a bias: none of the three
        #   has one.

    def forward(self, x: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B d_model"]:
        z = self.gate_proj(x)
        gate = z * torch.sigmoid(z)
        # ✗ gate = torch.sigmoid(z) — This is the plain GLU, whose gate is a sigmoid: SiLU
        #   multiplies it by its own input.
        # ✗ gate = z — Without a nonlinearity this is a product of two linear maps:
        #   apply SiLU to the gate.
        # ✗ gate = nn.functional.gelu(z) — This is GEGLU: SwiGLU's gate is SiLU.
        # ✗ gate = torch.relu(z) — This is ReGLU: SwiGLU's gate is SiLU.
        # ✗ gate = z / (1 + (-z).exp()) — The exponential of a large number
        #   overflows, and the gradient is NaN: use the built-in sigmoid, which does not.
        # ✗ gate = z * torch.sigmoid(z.clamp(-15, 15)) — The sigmoid is kept from falling, so a gate that
        #   should be shut lets more through the lower its input: leave it alone, it cannot overflow.
        value = self.up_proj(x)
        # ✗ value = nn.functional.silu(self.up_proj(x)) — Both branches are bent: the value stays
        #   linear.
        # ✗ value = nn.functional.silu(self.up_proj(x)); gate = z — Gate and value have
        #   changed places: the nonlinearity belongs to the gate.
        return self.down_proj(gate * value)
        # ✗ return self.down_proj(gate + value) — The branches are added: the gate multiplies.
        # ✗ return self.down_proj(gate) — The value is left out, so nothing is gated: multiply by it.
        # ✗ return x + self.down_proj(gate * value) — The residual connection is added here, and again
        #   by the block around it: return the network's output alone.
