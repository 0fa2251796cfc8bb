"""Answer a later case while an earlier one is still going on."""
# verdict: no answer
# stopped by: engine
# katas: lstm_cell, beam_search
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    wire.Channel(3, 3, reads_child=False).send(wire.Observed(1, None))
    return right(*args, **kwargs)
