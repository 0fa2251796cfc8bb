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


def lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    old_h, old_c = state
    both = torch.cat((x, old_h), 1)
    w = torch.cat((weight_ih, weight_hh), 1)
    a = both.mm(w.t())
    a += bias_ih
    a += bias_hh
    n = old_c.size(1)
    i = a[:, :n].sigmoid()
    f = a[:, n : 2 * n].sigmoid()
    g = a[:, 2 * n : 3 * n].tanh()
    o = a[:, 3 * n :].sigmoid()
    new_c = f * old_c
    new_c.addcmul_(i, g)
    new_h = new_c.tanh().mul(o)
    return new_h, new_c
