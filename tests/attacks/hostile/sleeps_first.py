"""Sleep for longer than a case may take, then be right."""
# verdict: too slow
# stopped by: deadline
# without it: deadline
# katas: lstm_cell
import time

slept = []


def attack(right, *args, **kwargs):
    if not slept:
        slept.append(True)
        time.sleep(2.5)
    return right(*args, **kwargs)
