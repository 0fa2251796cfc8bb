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
    # ✗ c, h = state — The two halves of the state are swapped: the hidden state comes first.
    # ✗ h, c = state[0].detach(), state[1].detach() — Detaching the state cuts the gradient between
    #   steps: leave it attached, and let the caller decide where to truncate.
    gates = x @ weight_ih.mT + bias_ih + h @ weight_hh.mT + bias_hh
    # ✗ gates = x @ weight_ih.mT + h @ weight_hh.mT + bias_ih — One of the two biases is missing:
    #   torch's layout has one for each product, and both count.
    # ✗ gates = x @ weight_ih.mT + h @ weight_hh.mT — The biases are missing: add both.
    # ✗ gates = x @ weight_ih.mT + bias_ih + c @ weight_hh.mT + bias_hh — The gates look at the cell
    #   state: the recurrent weights act on the hidden state.
    # ✗ gates = x @ weight_ih.mT + bias_ih — The last hidden state has no effect: add its product
    #   with the recurrent weights, and their bias.
    i, f, g, o = gates.chunk(4, dim=-1)
    # ✗ i, f, o, g = gates.chunk(4, dim=-1) — Candidate and output gate are swapped: torch's order
    #   is input, forget, candidate, output.
    # ✗ f, i, g, o = gates.chunk(4, dim=-1) — Input and forget gate are swapped: torch's order is
    #   input, forget, candidate, output.
    # ✗ i, g, f, o = gates.chunk(4, dim=-1) — Forget gate and candidate are swapped: torch's order
    #   is input, forget, candidate, output.
    # ✗ i, f, g, o = gates.unflatten(-1, (-1, 4)).unbind(-1) — The gates are read in turn, row by
    #   row: each gate is one block of d_hidden neighbouring rows.
    i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
    # ✗ i, f, o = (1 / (1 + torch.exp(-gate)) for gate in (i, f, o)) — The exponential overflows,
    #   and although the value survives, the gradient is NaN: use the built-in sigmoid, or branch on
    #   sign.
    # ✗ i, f, o = (gate.exp() / (1 + gate.exp()) for gate in (i, f, o)) — The exponential overflows
    #   and gives infinity over infinity: use the built-in sigmoid, or branch on sign.
    # ✗ i, f, o = (torch.where(z < 0, z.exp() / (1 + z.exp()), 1 / (1 + (-z).exp())) for z in
    #   (i, f, o)) — The branch that is not taken overflows all the same and makes the gradient NaN:
    #   bound its argument, or use the built-in sigmoid.
    # ✗ i, f, o = (z.clamp(max=0).exp() / (1 + (-z.abs()).exp()) for z in (i, f, o)) — At zero the
    #   absolute value has no slope, which gives the gate a wrong one there: use the built-in
    #   sigmoid.
    # ✗ i, f, o = torch.sigmoid(i), torch.sigmoid(f + 1), torch.sigmoid(o) — A forget bias of one
    #   belongs to the initial weights: the step adds only the biases that it is given.
    g = torch.tanh(g)
    # ✗ g = torch.sigmoid(g) — The candidate is squashed to 0 … 1, so the cell can only grow: it
    #   takes tanh.
    # ✗ pass — The candidate goes into the cell without its tanh: squash it first.
    c_next = f * c + i * g
    # ✗ c_next = f * c + (1 - f) * g — Coupled gates are a variant: this cell has an input gate of
    #   its own, so use it.
    # ✗ c_next = f * c + g — The input gate is left out: the candidate passes through it.
    h_next = o * torch.tanh(c_next)
    # ✗ h_next = o * c_next — The cell state is unbounded: squash it with tanh before the output
    #   gate.
    # ✗ h_next = torch.tanh(o * c_next) — The tanh comes too late: squash the cell state first, then
    #   gate.
    # ✗ h_next = o * torch.tanh(c) — The output looks at the old cell state: it shows the new one.
    # ✗ z = (-2 * c_next.abs()).exp(); h_next = o * c_next.sign() * (1 - z) / (1 + z) — At zero, sign
    #   and absolute value have no slope, so no gradient reaches an empty cell: use the built-in tanh.
    return h_next, c_next
    # ✗ return c_next, h_next — The pair is swapped: the hidden state comes first.
    # ✗ return h_next, h_next — The next step needs the cell state itself: return both.
