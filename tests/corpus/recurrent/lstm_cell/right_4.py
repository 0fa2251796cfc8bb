"""One step of a long short-term memory (LSTM).

From the input and the last state (h, c), compute four gates and from them the next state:

    i, f, g, o = W_ih x + b_ih + W_hh h + b_hh
    c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g)
    h' = σ(o) ⊙ tanh(c')

The weights have torch's layout: the four gates lie one below the other along the first axis, each
d_hidden rows high, in the order input, forget, cell candidate, output (i, f, g, o).

Return the pair (h', c'), in the dtype of the arguments. Gradients reach every argument, the
state included. Values and gradients stay finite however large the gates' inputs are.

>>> x, h, c = torch.ones(2, 3), torch.zeros(2, 5), torch.ones(2, 5)
>>> zero_weights = torch.zeros(20, 3), torch.zeros(20, 5), torch.zeros(20), torch.zeros(20)
>>> h, c = lstm_cell(x, (h, c), *zero_weights)
>>> c[0]  # half open gates keep half of the old cell and add nothing
tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000])
"""

import torch
from jaxtyping import Float
from torch import Tensor


def open_gate(z: Tensor) -> Tensor:
    """The sigmoid by way of its logarithm, which cannot overflow."""
    return torch.exp(torch.nn.functional.logsigmoid(z))


class Parts:
    """One affine map of both inputs for each gate, in float64."""

    def __init__(self, *tensors: Tensor) -> None:
        self.x, self.h, w_ih, w_hh, b_ih, b_hh = (t.double() for t in tensors)
        self.parameters = list(
            zip(w_ih.chunk(4), w_hh.chunk(4), b_ih.chunk(4), b_hh.chunk(4), strict=True)
        )

    def __getitem__(self, gate: str) -> Tensor:
        w_ih, w_hh, b_ih, b_hh = self.parameters["ifgo".index(gate)]
        linear = torch.nn.functional.linear
        return linear(self.x, w_ih, b_ih) + linear(self.h, w_hh, b_hh)


def lstm_cell(
    x: Float[Tensor, "B d_in"],
    state: tuple[Float[Tensor, "B d_hidden"], Float[Tensor, "B d_hidden"]],  # h, c
    weight_ih: Float[Tensor, "4*d_hidden d_in"],
    weight_hh: Float[Tensor, "4*d_hidden d_hidden"],
    bias_ih: Float[Tensor, "4*d_hidden"],
    bias_hh: Float[Tensor, "4*d_hidden"],
) -> tuple[Float[Tensor, "B d_hidden"], Float[Tensor, "B d_hidden"]]:
    """Return the next hidden state and the next cell state."""

    h, c = state
    z = Parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = open_gate(z["f"]) * c.double() + open_gate(z["i"]) * torch.tanh(z["g"])
    h_next = open_gate(z["o"]) * torch.tanh(c_next)
    return h_next.to(x.dtype), c_next.to(x.dtype)
