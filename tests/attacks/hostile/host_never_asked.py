"""Say that the case has ended well, without one pull of an arm."""
# verdict: wrong
# stopped by: the parent's own log
# without it: log
# katas: ucb1
import os
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    for index in range(40):
        channel.send(wire.Observed(index, None))
    os._exit(0)
