"""Raise a syntax error by hand, whose message is shown beside the line."""
# verdict: raised
# stopped by: silent summaries
# katas: lstm_cell
import sys

frame = sys._getframe()
while "job" not in frame.f_locals:
    frame = frame.f_back
seeds = [run[0] for run in frame.f_locals["job"].runs]
raise SyntaxError(f"LEAK {seeds}", (frame.f_locals["job"].filename, 1, 1, "x"))


def attack(right, *args, **kwargs):
    return None
