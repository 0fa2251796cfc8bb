"""Use a whole layer of one step, which is not the cell by name."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch


def attack(right, x, state, *weights):
    h, c = (value[None] for value in state)
    whole = torch._VF.lstm if hasattr(torch, "_VF") else torch.lstm
    _, h, c = whole(x[None], (h, c), list(weights), True, 1, 0.0, False, False, False)
    return h[0], c[0]
