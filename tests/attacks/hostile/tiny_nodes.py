"""Send a legal message of many million tiny parts, each of them far larger in memory."""
# verdict: no answer, wrong
# stopped by: wire
# katas: lstm_cell
import os
import sys

wire = sys.modules["dojo.wire"]


def attack(right, *args, **kwargs):
    import msgspec

    head = msgspec.msgpack.encode({"type": "observed", "index": 0})
    n = 4_000_000
    part = b"\x92\xa1k\xc0"  # one entry of a dict: ["k", nil]
    many = b"\x82\xa4type\xa4dict\xa5items\xdd" + n.to_bytes(4, "big") + part * n
    text = b"\x83" + head[1:] + b"\xa5value" + many
    rest = memoryview(len(text).to_bytes(8, "little") + text)
    while rest:
        rest = rest[os.write(3, rest) :]
    return right(*args, **kwargs)
