"""Ask an operator that is made of others for its recipe, which runs beside the kernels."""
# verdict: forbidden
# stopped by: refusal
# katas: lstm_cell
import torch

roots = [torch]
recipe = "de" + "compose"


def attack(right, x, state, *weights):
    operator = getattr(roots[-1], "ops").aten.lstm_cell.default
    return getattr(operator, recipe)(x, state, *weights)
