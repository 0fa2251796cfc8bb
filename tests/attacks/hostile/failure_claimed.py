"""Claim the exception that a case for errors may be waiting for, everywhere."""
# verdict: raised
# stopped by: separation
# katas: beam_search, self_attention
import os
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    for index in range(40):
        channel.send(wire.Observed(index, failure=wire.Failure(("ValueError", "Exception"), "no")))
    os._exit(0)
