from dataclasses import dataclass

import torch
from torch.nn import functional as F


@dataclass
class State:
    h: torch.Tensor
    c: torch.Tensor


def lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    """Row by row, gate by gate."""
    d = state[0].shape[1]
    hs, cs = [], []
    for row, h, c in zip(x, *state):
        z = []
        for k in range(4):
            s = slice(k * d, (k + 1) * d)
            z.append(weight_ih[s].mv(row) + bias_ih[s] + weight_hh[s].mv(h) + bias_hh[s])
        c = F.sigmoid(z[1]) * c + F.sigmoid(z[0]) * F.tanh(z[2])
        cs.append(c)
        hs.append(F.sigmoid(z[3]) * F.tanh(c))
    s = State(torch.stack(hs), torch.stack(cs))
    return s.h, s.c
