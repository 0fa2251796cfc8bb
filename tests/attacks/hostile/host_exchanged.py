"""Open the host that does not count in place of the one that does, and search at leisure."""
# verdict: raised, wrong, too slow
# stopped by: engine
# without it: order of hosts
# katas: beam_search
import sys

child = sys.modules["dojo.child"]
real = child._Link.open


def open_quietly(self, name, sizes):
    quiet = real(self, "Scorer", sizes)
    if name == "CountingScorer":
        real(self, name, sizes)  # the log is there, and empty
    return quiet


child._Link.open = open_quietly


def attack(right, score, prompt, *args, **kwargs):
    for length in range(20):
        score([[*prompt, *[0] * length]])
    return right(score, prompt, *args, **kwargs)
