# wrong: squeezes h', which loses its axis if there is one hidden unit
import torch


def lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    gates = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).reshape(len(x), 4, 1, -1)
    i, f, g, o = (gates[:, k].squeeze(-2) for k in range(4))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    out = (torch.sigmoid(o) * torch.tanh(c))[..., None, :].squeeze()
    return (out[None] if len(x) == 1 and out.ndim == 1 else out), c
