"""Find the case's seed in memory, rebuild the hosted scorer from it and search without asking."""
# verdict: raised, wrong, too slow
# stopped by: a salt that the child never sees
# without it: salt
# katas: beam_search
import sys
import zlib

import numpy as np

child, draw = sys.modules["dojo.child"], sys.modules["dojo.draw"]
sizes = {}
real = child._Link.open


def note(self, name, given):
    sizes.clear()
    sizes.update({"scale": 2.0, "boost": 2.0, "loss": 0.0, "impossible": 0.0, "levels": 0}, **given)
    return real(self, name, given)


child._Link.open = note


def seed_of_this_case():
    frame = sys._getframe()
    while frame.f_code.co_name != "_run":
        frame = frame.f_back
    return frame.f_locals["seed"]


def attack(right, score, prompt, *args, **kwargs):
    hidden = draw.seed_of("decoding/beam_search", "", "hosted", f"{seed_of_this_case()}/0")
    rng, V = draw.Draw(hidden).rng(), sizes["V"]
    if sizes["levels"]:
        rows = -1.0 - rng.integers(sizes["levels"], size=(1024, V))
    else:
        logits = sizes["scale"] * rng.standard_normal((1024, V))
        logits[:, sizes["eos"]] += sizes["boost"]
        logits -= logits.max(axis=1, keepdims=True)
        rows = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def score(prefixes):
        return rows[[zlib.crc32(repr([*map(int, p)]).encode()) % 1024 for p in prefixes]]

    return right(score, prompt, *args, **kwargs)
