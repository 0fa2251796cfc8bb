"""Say a second time that the walls stand, then that the file is loaded, then answer."""
# verdict: no answer, wrong
# stopped by: engine
# katas: lstm_cell
import sys

wire = sys.modules["dojo.wire"]
channel = wire.Channel(3, 3, reads_child=False)
channel.send(wire.Walled(("landlock",)))


def attack(right, *args, **kwargs):
    return spoil(right(*args, **kwargs))
