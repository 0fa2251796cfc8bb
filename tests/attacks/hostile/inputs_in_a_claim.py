"""Claim to have written into an input whose name holds the others."""
# verdict: wrong, raised
# stopped by: silent summaries
# katas: lstm_cell
import os
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    value = wire.encode(right(*args, **kwargs))
    channel = wire.Channel(3, 3, reads_child=False)
    for index in range(40):
        channel.send(wire.Observed(index, value, modified=(f"LEAK\x1b[2J {args}"[:900],)))
    os._exit(0)
