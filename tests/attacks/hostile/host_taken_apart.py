"""Call what no case calls: private methods, attributes, the log, the class itself."""
# verdict: raised
# stopped by: engine
# katas: ucb1
import sys

wire = sys.modules["dojo.wire"]
NAMES = ("observed", "__init__", "__class__", "__dict__", "__reduce__", "mro", "_means", "_rng",
         "_key", "__getattribute__", "__subclasses__", "a.b", "")  # fmt: skip


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    for handle in (0, 1, -1, 2**40):
        for name in NAMES:
            channel.send(wire.Call(handle, name, wire.Tuple(()), wire.Dict(())))
            reply = channel.receive()
            if reply.failure is None:
                return right(*args, **kwargs)  # something came out
    raise LookupError("nothing came out")
