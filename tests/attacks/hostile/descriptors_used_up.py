"""Open descriptors until refused (here: two hundred)."""
# verdict: raised, no answer
# stopped by: limits
# without it: sandbox
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]
    for fd in opened:
        os.close(fd)
    return right(*args, **kwargs)
