# wrong: tries the untried arms in order instead of by chance; only finite ties are drawn
"""UCB1 with explicit loops: sort by index, then by a random number."""

import math
from itertools import takewhile

import numpy as np


class UCB1:
    """Raise ValueError if `n_arms` is below 1."""

    def __init__(self, n_arms: int, rng: np.random.Generator, c: float = math.sqrt(2)) -> None:
        if n_arms < 1:
            raise ValueError("at least one arm is needed")
        self.rewards = [[] for _ in range(n_arms)]  # the history of every arm
        self.rng, self.c = rng, c

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        untried = [arm for arm in range(len(self.rewards)) if not self.rewards[arm]]
        if untried:
            return untried[0]
        log_t = math.log(sum(map(len, self.rewards)))

        def index(arm):
            n = len(self.rewards[arm])
            return sum(self.rewards[arm]) / n + self.c * math.sqrt(log_t / n)

        # A fresh random key for every arm decides among equals.
        ranked = sorted(
            ((index(arm), self.rng.random(), arm) for arm in range(len(self.rewards))),
            reverse=True,
        )
        tied = list(takewhile(lambda entry: entry[0] == ranked[0][0], ranked))
        return max(tied, key=lambda entry: entry[1])[2]

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not; IndexError unless 0 ≤ arm < n_arms."""
        if arm not in range(len(self.rewards)):
            raise IndexError(arm)
        self.rewards[arm].append(reward)
