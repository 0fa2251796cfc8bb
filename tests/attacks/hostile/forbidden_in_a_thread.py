"""Call what is forbidden in another thread, which the recording may not follow."""
# verdict: forbidden, raised
# stopped by: rules, seccomp
# without it: rules
# katas: lstm_cell
import threading

import torch


def attack(right, x, state, *weights):
    found = []
    cell = getattr(torch, "lstm" + "_cell")
    thread = threading.Thread(target=lambda: found.append(cell(x, state, *weights)))
    thread.start()
    thread.join()
    return found[0]
