"""Ask the parent for an object of a size of our own choice, so that its memory bursts."""
# verdict: raised
# stopped by: engine
# katas: ucb1
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    sizes = wire.encode({"n_arms": 2**24, "mean": 0.0, "scale": 1.0})
    channel.send(wire.Open("Arms", sizes))
    if channel.receive().failure is None:
        return right(*args, **kwargs)  # 128 MiB in the parent
    raise LookupError("refused")
