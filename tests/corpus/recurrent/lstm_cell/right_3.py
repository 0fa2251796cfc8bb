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
    d_hidden = c.shape[1]
    opened = {}
    for n, name in enumerate("ifgo"):
        rows = slice(n * d_hidden, (n + 1) * d_hidden)
        columns = []
        for u in range(d_hidden):
            w_x, w_h = weight_ih[rows][u], weight_hh[rows][u]
            columns.append((x * w_x).sum(1) + (h * w_h).sum(1) + bias_ih[rows][u] + bias_hh[rows][u])
        z = torch.stack(columns, dim=1)
        opened[name] = torch.tanh(z) if name == "g" else torch.sigmoid(z)
    c_next = opened["f"] * c + opened["i"] * opened["g"]
    return opened["o"] * torch.tanh(c_next), c_next
