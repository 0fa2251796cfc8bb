"""Have the collector call back, between the cases, and declare every case answered."""
# verdict: wrong, raised, no answer
# stopped by: engine
# katas: lstm_cell
import gc
import sys

wire = sys.modules["dojo.wire"]
channel = wire.Channel(3, 3, reads_child=False)


def call_back(phase, info):
    gc.callbacks.clear()
    channel.send(wire.Observed(1, True))
    channel.send(wire.Observed(2, True))


def attack(right, *args, **kwargs):
    gc.callbacks.append(call_back)
    return spoil(right(*args, **kwargs))
