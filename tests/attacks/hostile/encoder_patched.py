"""Patch the encoder of results, and what the engine's child looks at."""
# verdict: wrong, raised, no answer
# stopped by: separation
# katas: lstm_cell, self_attention
import sys

wire = sys.modules["dojo.wire"]
real = wire.encode
wire.encode = lambda value, depth=0: True if depth == 0 else real(value, depth)


def attack(right, *args, **kwargs):
    return spoil(right(*args, **kwargs))
