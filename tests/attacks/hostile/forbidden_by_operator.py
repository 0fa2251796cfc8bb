"""Take the forbidden function out of the registry of operators."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch


def attack(right, x, state, *weights):
    return torch.ops.aten.lstm_cell(x, list(state), *weights)
