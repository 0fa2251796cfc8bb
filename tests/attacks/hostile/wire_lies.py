"""Send messages that are legal and make no sense: no class, no line, no shape, no end."""
# verdict: no answer, wrong, raised, not started
# stopped by: wire, grade
# katas: lstm_cell
# variants: 16
import os
import sys

wire = sys.modules["dojo.wire"]
Failure, Observed, Step, Array = wire.Failure, wire.Observed, wire.Step, wire.Array
LIES = (
    Observed(0, failure=Failure((), "")),
    Observed(0, failure=Failure(("",), "", (Step(2**62, "f"), Step(-5, "")))),
    Observed(0, failure=Failure(("NotImplementedError",), "", (Step(1, "\x1b[2J" * 9),))),
    Observed(0, failure=Failure(("SyntaxError",), "", (), (2**62, -(2**62)))),
    Observed(0, Array("meta", "float32", (4,), b"")),
    Observed(0, Array("torch", "float32", (0, 2**62), b"")),
    Observed(0, wire.Sampled(Array("meta", "float64", (4, 4), b""))),
    Observed(0, wire.Sampled(wire.Sampled(None))),
    Observed(0, wire.Tuple((Array("numpy", "bool", (), b"\x07"),) * 2)),
    Observed(0, wire.Dict((("\x1b]0;x", None), ("", None)))),
    Observed(0, wire.Other("\x1b[2J" * 100)),
    Observed(0, None, weights=(("\x1b[2J", (-1, 2**62)),), modified=("\x1b[2J",)),
    Observed(0, None, ran=(("aten::relu", -(2**62)),), operators=-1),
    Observed(-1, None),
    wire.Broken(Failure((), "")),
    wire.Began((), ()),
)


def attack(right, *args, **kwargs):
    channel = wire.Channel(3, 3, reads_child=False)
    lie = LIES[WHICH % len(LIES)]
    for index in range(40):
        channel.send(wire.msgspec.structs.replace(lie, index=index) if type(lie) is Observed and lie.index == 0 else lie)
    os._exit(0)


WHICH = 0
