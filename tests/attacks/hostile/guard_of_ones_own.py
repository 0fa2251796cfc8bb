"""Hide code in a block for type checkers, whose guard the file makes itself."""

# verdict: forbidden
# stopped by: rules
# katas: lstm_cell


class TYPE_CHECKING:
    pass


if TYPE_CHECKING:
    import torch

    def attack(right, x, state, *weights):
        return torch.lstm_cell(x, state, *weights)
