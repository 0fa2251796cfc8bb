"""Switch the recording of what runs off, and call what is forbidden."""
# verdict: forbidden
# stopped by: refusal
# without it: refusal
# katas: lstm_cell
from contextlib import suppress

import torch

autograd = torch._C._autograd


def attack(right, x, state, *weights):
    with suppress(RuntimeError):  # it is off already
        getattr(autograd, "_disable_profiler_" + "legacy", lambda: None)()
    return getattr(torch, "llec_mtsl"[::-1])(x, state, *weights)
