# wrong: a new generator at every call with one seed: the ties are not drawn afresh
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
        self._seed = int(rng.integers(2**31))
        self._c = c

    def _index(self):
        index = np.full(self._n.shape, np.inf)
        seen = self._n > 0
        if seen.any():
            n = self._n[seen]
            index[seen] = self._s[seen] / n + self._c * np.sqrt(np.log(self._n.sum()) / n)
        return index

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        index = self._index()
        return int(np.random.default_rng(self._seed).choice(np.flatnonzero(index == index.max())))

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not; IndexError unless 0 ≤ arm < n_arms."""
        if arm < 0 or arm >= self._n.size:
            raise IndexError(f"arm {arm} is not in 0 … {self._n.size - 1}")
        self._n[arm] += 1
        self._s[arm] += reward
