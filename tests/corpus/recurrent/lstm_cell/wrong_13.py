# wrong: builds tanh(c') from sign and absolute value, which have no slope at zero: no gradient there
import torch


def _tanh(v):
    z = torch.exp(-2 * v.abs())
    return v.sign() * (1 - z) / (1 + z)


def lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    i, f, g, o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * _tanh(c), c
