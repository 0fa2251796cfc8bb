"""Hand the host everything but what it wants, then go on honestly: the log shows no trace."""
# verdict: passed
# stopped by: hosted objects refuse by raising
# katas: beam_search
import math

import numpy as np

RUBBISH = (
    None, True, -1, 2**62, math.nan, "__import__('os')", b"x", [[-1]], [[2**60]], [["0"]],
    [[0.5]], {"self": 1}, np.zeros((2, 2)), np.array(["x"]), [[[[0]]]], [None], object, ...,
)  # fmt: skip


def attack(right, score, prompt, *args, **kwargs):
    for value in RUBBISH:
        for arguments, named in (((value,), {}), ((), {"prefixes": value}), ((), {"self": value})):
            try:
                score(*arguments, **named)
            except Exception:
                continue
    return right(score, prompt, *args, **kwargs)
