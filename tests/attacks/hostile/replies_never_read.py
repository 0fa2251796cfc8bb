"""Ask and ask, and never read a reply."""
# verdict: too slow
# stopped by: deadline
# katas: beam_search
import sys

wire = sys.modules["dojo.wire"]


def attack(right, score, prompt, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    message = wire.Call(0, "__call__", wire.encode(([[0]] * 50,)), wire.Dict(()))
    while True:
        channel.send(message)
