"""Print 48 MB and be right: output is cut, the answer is judged by its values."""
# verdict: passed, too slow
# stopped by: output is cut
# without it: cut
# katas: lstm_cell
import sys

printed = []


def attack(right, *args, **kwargs):
    if not printed:
        printed.append(True)
        for _ in range(48):
            sys.stdout.write("A" * (1 << 20))
        sys.stdout.flush()
    return right(*args, **kwargs)
