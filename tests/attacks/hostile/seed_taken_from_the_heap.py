"""Find the case's seed in memory, rebuild the hosted scorer from it and search without asking."""
# verdict: raised, wrong, too slow
# stopped by: a salt that the child never sees
# without it: salt
# katas: beam_search
import sys

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
    key = int(draw.Draw(hidden).rng().integers(2**62))

    def row(tokens):
        rng = np.random.Generator(np.random.PCG64([key, len(tokens), *tokens]))
        if sizes["levels"]:
            return -1.0 - rng.integers(sizes["levels"], size=sizes["V"])
        logits = sizes["scale"] * rng.standard_normal(sizes["V"])
        logits[sizes["eos"]] += sizes["boost"]
        return logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())

    return right(lambda prefixes: np.array([row(p) for p in prefixes]), prompt, *args, **kwargs)
