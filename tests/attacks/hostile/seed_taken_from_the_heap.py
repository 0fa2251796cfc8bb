"""Find the case's seed in memory, rebuild the hosted scorer from it and search without asking."""
# verdict: raised, wrong, too slow
# stopped by: a salt that the child never sees
# without it: salt
# katas: beam_search
import gc
import sys

import numpy as np

wire, draw = sys.modules["dojo.wire"], sys.modules["dojo.draw"]
jobs = []


def seed_of_this_case():
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "_run":
            return frame.f_locals["seed"]
        frame = frame.f_back
    raise LookupError("no seed")


def attack(right, score, prompt, *args, **kwargs):
    hidden = draw.seed_of("decoding/beam_search", "", "hosted", f"{seed_of_this_case()}/0")
    key = int(draw.Draw(hidden).rng().integers(2**62))
    tokens = list(prompt)
    row = np.asarray(score([tokens]))[0]
    rng = np.random.Generator(np.random.PCG64([key, len(tokens), *tokens]))
    drawn = rng.standard_normal(len(row))
    if not np.corrcoef(drawn, row)[0, 1] > 0.5:
        raise LookupError("another key")
    return right(score, prompt, *args, **kwargs)
