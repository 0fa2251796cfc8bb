"""Switch the recording of what runs off, call what is forbidden, and switch it on again."""
# verdict: forbidden, passed
# stopped by: rules
# doubts: yes
# katas: lstm_cell
import torch

autograd = torch._C._autograd


def attack(right, x, state, *weights):
    getattr(autograd, "_disable_profiler_" + "legacy", lambda: None)()
    return getattr(torch, "lstm" + "_cell")(x, state, *weights)
