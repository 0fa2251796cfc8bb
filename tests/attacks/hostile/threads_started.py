"""Go on in threads while the result is already on its way."""
# verdict: raised
# stopped by: seccomp
# without it: sandbox
# katas: lstm_cell, self_attention
import threading
import time


def attack(right, *args, **kwargs):
    for _ in range(8):
        threading.Thread(target=time.sleep, args=(0.2,), daemon=True).start()
    return right(*args, **kwargs)
