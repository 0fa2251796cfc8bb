"""Ask for an operator's kernel by its key: that of the recipe, which takes all tensors."""

# verdict: forbidden
# stopped by: refusal
# katas: lstm_cell
import torch

roots = [torch]
kernel = "_op" + "_dk"


def attack(right, x, state, *weights):
    operator = getattr(roots[-1], "ops").aten.lstm_cell.default
    key = torch._C.DispatchKey.CompositeImplicitAutograd
    return getattr(operator, kernel)(key, x, state, *weights)
