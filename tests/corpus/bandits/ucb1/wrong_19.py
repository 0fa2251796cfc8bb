# wrong: t counts the selections
import math

import numpy as np


class UCB1:
    def __init__(self, n_arms: int, rng: np.random.Generator, c: float = math.sqrt(2)) -> None:
        if n_arms < 1:
            raise ValueError("n_arms must be at least 1")
        self.rng, self.c = rng, c
        self.n = np.zeros(n_arms, dtype=np.int64)
        self.mean = np.zeros(n_arms)
        self.t = 0

    def select(self) -> int:
        self.t += 1
        fresh = np.flatnonzero(self.n == 0)
        if fresh.size:
            return int(self.rng.choice(fresh))
        index = self.mean + self.c * np.sqrt(np.log(self.t) / self.n)
        return int(self.rng.choice(np.flatnonzero(index == index.max())))

    def update(self, arm: int, reward: float) -> None:
        if not 0 <= arm < len(self.n):
            raise IndexError(arm)
        self.n[arm] += 1
        self.mean[arm] += reward / self.n[arm] - self.mean[arm] / self.n[arm]
