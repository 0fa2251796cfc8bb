"""Answer all cases at once, with well-formed frames, before any of them is asked."""
# verdict: wrong
# stopped by: separation
# katas: lstm_cell, ucb1
import os
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    for index in range(40):
        channel.send(wire.Observed(index, True))
    os._exit(0)
