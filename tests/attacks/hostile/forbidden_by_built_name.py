"""Build the name of the forbidden function."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch


def attack(right, x, state, *weights):
    return getattr(torch, "lstm" + "_cell")(x, state, *weights)
