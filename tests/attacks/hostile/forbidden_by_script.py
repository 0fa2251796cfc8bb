"""Compile the forbidden call as TorchScript, where no Python is left to watch."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch

unit = torch.jit.CompilationUnit(
    "def f(x, h, c, a, b, d, e):\n    return torch.lstm" + "_cell(x, [h, c], a, b, d, e)\n"
)


def attack(right, x, state, *weights):
    return unit.f(x, *state, *weights)
