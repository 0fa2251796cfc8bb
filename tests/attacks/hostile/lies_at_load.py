"""Describe a failed load that makes no sense: no class, a column beyond all text."""
# verdict: no answer, raised
# stopped by: wire, grade
# katas: lstm_cell
# variants: 5
import os
import sys

wire = sys.modules["dojo.wire"]
LIES = (
    wire.Broken(wire.Failure((), "")),
    wire.Broken(wire.Failure(("SyntaxError",), "x", (), (1, 2**28))),
    wire.Broken(wire.Failure(("SyntaxError",), "x", (), (-1, -1))),
    wire.Broken(wire.Failure(("A" * 10**6,), "x" * 10**6, (wire.Step(1, "f"),) * 1000)),
    wire.Began(tuple(f"n{i}" for i in range(200_000)), ("lstm_cell",)),
)
WHICH = 0
wire.Channel(3, 3, reads_child=False).send(LIES[WHICH % len(LIES)])
os._exit(0)


def attack(right, *args, **kwargs):
    return None
