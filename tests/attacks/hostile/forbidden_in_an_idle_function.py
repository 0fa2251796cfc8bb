"""Keep the forbidden call in a function that nothing names, and call it all the same."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch


def check(x, state, *weights):
    return torch.lstm_cell(x, state, *weights)


def attack(right, x, state, *weights):
    return globals()["ch" + "eck"](x, state, *weights)
