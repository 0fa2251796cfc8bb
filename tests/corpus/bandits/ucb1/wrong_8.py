# wrong: raises IndexError only after t has been raised: a bad call changes the later indices
"""UCB1 in the manner of a bandit library: counts and incremental means."""

import math

import numpy as np


class BasePolicy:
    def __init__(self, n_arms: int, rng: np.random.Generator) -> None:
        if n_arms < 1:
            raise ValueError("n_arms must be >= 1")
        self.n_arms = n_arms
        self.rng = rng
        self.t = 0
        self.pulls = np.zeros(n_arms, dtype=int)
        self.values = np.zeros(n_arms)

    def _argmax(self, x):
        order = self.rng.permutation(self.n_arms)
        return int(order[np.argmax(x[order])])

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not; IndexError unless 0 ≤ arm < n_arms."""
        self.t += 1
        if not (0 <= arm < self.n_arms):
            raise IndexError(f"arm must be in [0, {self.n_arms}), got {arm}")
        self.pulls[arm] += 1
        self.values[arm] += (reward - self.values[arm]) / self.pulls[arm]


class UCB1(BasePolicy):
    """Raise ValueError if `n_arms` is below 1."""

    def __init__(self, n_arms: int, rng: np.random.Generator, c: float = math.sqrt(2)) -> None:
        super().__init__(n_arms, rng)
        self.c = c

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        bonus = self.c * np.sqrt(np.log(max(self.t, 1)) / np.maximum(self.pulls, 1))
        return self._argmax(np.where(self.pulls == 0, np.inf, self.values + bonus))
