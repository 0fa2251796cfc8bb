# wrong: sqrt(ln t) / n
"""UCB1, plain."""

import math

import numpy as np


class UCB1:
    """Raise ValueError if `n_arms` is below 1."""

    def __init__(self, n_arms: int, rng: np.random.Generator, c: float = math.sqrt(2)) -> None:
        if n_arms < 1:
            raise ValueError("n_arms must be at least 1")
        self.n_arms = n_arms
        self.rng = rng
        self.c = c
        self.counts = [0] * n_arms
        self.sums = [0.0] * n_arms

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        t = sum(self.counts)
        indices = []
        for count, total in zip(self.counts, self.sums):
            if count == 0:
                indices.append(math.inf)
            else:
                indices.append(total / count + self.c * math.sqrt(math.log(t)) / count)
        largest = max(indices)
        best = [arm for arm, index in enumerate(indices) if index == largest]
        return best[int(self.rng.integers(len(best)))]

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not; IndexError unless 0 ≤ arm < n_arms."""
        if not 0 <= arm < self.n_arms:
            raise IndexError(f"no arm {arm}")
        self.counts[arm] += 1
        self.sums[arm] += reward
