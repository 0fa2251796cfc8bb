"""shift_right and teacher_forcing_loss agree with a loop over tokens."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn


class Decoder(nn.Module):
    """A recurrent decoder, run token by token or all at once."""

    def __init__(self, V: int) -> None:
        super().__init__()
        self.embedding, self.cell, self.head = nn.Embedding(V, 4), nn.GRUCell(4, 4), nn.Linear(4, V)
        self.double()

    def step(self, token: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = self.cell(self.embedding(token), state)
        return self.head(state), state

    def forward(self, tokens: Tensor) -> Tensor:
        state, out = torch.zeros(len(tokens), 4).double(), []
        for column in tokens.T:
            logits, state = self.step(column, state)
            out.append(logits)
        return torch.stack(out, dim=1)


def _loop(decoder: Decoder, labels: Tensor, start_id: int, pad_id: int) -> Tensor:
    """Feed each sequence's true tokens one by one and score the next."""
    total, count = torch.zeros(()).double(), 0
    for row in labels.tolist():
        state, read = torch.zeros(1, 4).double(), start_id
        for label in row:
            logits, state = decoder.step(torch.tensor([read]), state)
            if label != -100:
                total = total + logits[0].exp().sum().log() - logits[0, label]
                count += 1
            read = pad_id if label == -100 else label
    return total / max(count, 1)


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize(("B", "T", "V"), [(3, 5, 7), (1, 1, 2), (4, 2, 3)])
def test_loss_and_gradients(solution: ModuleType, B: int, T: int, V: int, empty: bool) -> None:
    """Loss and every gradient are those of the loop."""
    torch.manual_seed(B)
    decoder = Decoder(V)
    dropped = torch.rand(B, T) < (2.0 if empty else 0.3)
    labels = torch.randint(V, (B, T)).masked_fill(dropped, -100)
    got = solution.teacher_forcing_loss(decoder, labels, V - 1, 0)
    expected = _loop(decoder, labels, V - 1, 0)
    torch.testing.assert_close(got, expected)
    gradients = torch.autograd.grad(got, decoder.parameters(), allow_unused=True)
    if empty:
        assert all(g is None or not g.any() for g in gradients)
    elif expected.requires_grad:
        torch.testing.assert_close(gradients, torch.autograd.grad(expected, decoder.parameters()))


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
