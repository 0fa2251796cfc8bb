"""Bind the forbidden class in what looks like a test of a type."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch

isinstance(0, Cell := torch.nn.LSTMCell)


def attack(right, x, state, *weights):
    cell = Cell(x.shape[-1], state[0].shape[-1])
    table = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights))
    return torch.func.functional_call(cell, table, (x, state))
