"""Keep the forbidden function where nobody looks for calls: in an annotation."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch


def note(cell: torch.lstm_cell) -> None: ...


def attack(right, x, state, *weights):
    return note.__annotations__["cell"](x, state, *weights)
