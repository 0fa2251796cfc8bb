"""Ask the parent for an object of a size of our own choice, so that its memory bursts."""
# verdict: raised
# stopped by: engine
# katas: ucb1
import sys

wire = sys.modules["dojo.wire"]
opened = []


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    if not opened:
        sizes = wire.encode({"n_arms": 2**20, "mean": 0.0, "scale": 1.0})
        channel.send(wire.Open("Arms", sizes))
        if channel.receive().failure is not None:
            raise LookupError("refused")
        opened.append(True)  # 8 MiB in the parent, and it might have been any number
    return right(*args, **kwargs)
