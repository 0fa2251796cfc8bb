# wrong: avoids division by zero with n + 1e-9: an untried arm has a finite index; the bonus is even 0 while ln t = 0, so an arm with one good reward is pulled again before the others
"""UCB1, vectorised."""

import math

import numpy as np


class UCB1:
    """Raise ValueError if `n_arms` is below 1."""

    def __init__(self, n_arms: int, rng: np.random.Generator, c: float = math.sqrt(2)) -> None:
        if n_arms < 1:
            raise ValueError(f"n_arms is {n_arms}, below 1")
        self._n = np.zeros(n_arms, dtype=np.int64)
        self._s = np.zeros(n_arms, dtype=np.float64)
        self._rng = rng
        self._c = c

    def _index(self):
        n = self._n + 1e-9
        return self._s / n + self._c * np.sqrt(np.log(max(1, self._n.sum())) / n)

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        index = self._index()
        return int(self._rng.choice(np.flatnonzero(index == index.max())))

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not; IndexError unless 0 ≤ arm < n_arms."""
        if arm < 0 or arm >= self._n.size:
            raise IndexError(f"arm {arm} is not in 0 … {self._n.size - 1}")
        self._n[arm] += 1
        self._s[arm] += reward
