"""Claim parameters of the right names and shapes beside a value that is no tensor."""
# verdict: wrong
# stopped by: separation
# katas: self_attention
import os
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    found = tuple((n, tuple(p.shape)) for n, p in right.__self__.named_parameters())
    channel = wire.Channel(3, 3, reads_child=False)
    for index in range(40):
        channel.send(wire.Observed(index, True, weights=found, modified=(), recorded=True))
    os._exit(0)
