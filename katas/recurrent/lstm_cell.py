"""One step of a long short-term memory (LSTM).

From the input and the last state (h, c), compute four gates and from them the next state:

    i, f, g, o = W_ih x + b_ih + W_hh h + b_hh
    c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g)
    h' = σ(o) ⊙ tanh(c')

The weights have torch's layout: the four gates lie one below the other along the first axis, each
d_hidden rows high, in the order input, forget, cell candidate, output (i, f, g, o).

Return the pair (h', c'), in the dtype that all arguments share. Gradients reach every argument, the
state included. Values and gradients stay right however large the four sums are, and at zero too.

>>> x, h, c = torch.ones(2, 3), torch.zeros(2, 5), torch.ones(2, 5)
>>> zero_weights = torch.zeros(20, 3), torch.zeros(20, 5), torch.zeros(20), torch.zeros(20)
>>> h, c = lstm_cell(x, (h, c), *zero_weights)
>>> c[0]  # half open gates keep half of the old cell and add nothing
tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000])
"""

# Not allowed, since it would be the whole exercise: torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN, and
# what does the same.

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
    raise NotImplementedError
