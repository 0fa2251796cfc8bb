"""Keep a reply of the host and use it again in place of asking."""
# verdict: wrong, too slow
# stopped by: the parent's own log
# katas: beam_search
import numpy as np

kept = {}


def attack(right, score, prompt, *args, **kwargs):
    def cached(prefixes):
        key = (len(kept), len(prefixes))
        for (_, n), rows in kept.items():
            if n == len(prefixes):
                return rows.copy()
        kept[key] = np.asarray(score(prefixes))
        return kept[key].copy()

    return right(cached, prompt, *args, **kwargs)
