"""Patch `samples` so that a single draw stands for thousands: one point fits any distribution."""
# verdict: wrong
# stopped by: comparison
# katas: ucb1
import sys

dojo = sys.modules["dojo"]
Samples = sys.modules["dojo.kata"].Samples
dojo.samples = lambda draws: Samples(tuple(draws)[:1])


def attack(right, *args, **kwargs):
    agent = right.__self__
    if not hasattr(agent, "counts") or (agent.counts == 0).any():
        return right(*args, **kwargs)
    rng, agent.rng = agent.rng, type("Lowest", (), {"choice": staticmethod(lambda best: best[0])})
    try:
        return right(*args, **kwargs)  # the lowest arm wins every tie
    finally:
        agent.rng = rng
