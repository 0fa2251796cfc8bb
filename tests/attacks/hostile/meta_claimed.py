"""Claim that a case has inputs without values, where an exception may be forgiven."""
# verdict: raised
# stopped by: grade
# katas: lstm_cell, self_attention
import os
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    failure = wire.Failure(("NoData",), "cannot copy out of meta tensor; no data!")
    for index in range(40):
        channel.send(wire.Observed(index, failure=failure, meta=True))
    os._exit(0)
