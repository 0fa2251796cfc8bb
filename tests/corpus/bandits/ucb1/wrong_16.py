# wrong: breaks ties by noise of 1e-6, which is lost beside large rewards and decides between small ones
import math

import numpy as np


class UCB1:
    def __init__(self, n_arms, rng, c=math.sqrt(2)):
        if n_arms < 1:
            raise ValueError("n_arms must be at least 1")
        self.rng, self.c = rng, c
        self.n, self.mean = np.zeros(n_arms), np.zeros(n_arms)

    def select(self):
        untried = np.flatnonzero(self.n == 0)
        if len(untried):
            return int(self.rng.choice(untried))
        index = self.mean + self.c * np.sqrt(np.log(self.n.sum()) / self.n)
        return int(np.argmax(index + 1e-6 * self.rng.random(len(index))))

    def update(self, arm, reward):
        if not 0 <= arm < len(self.n):
            raise IndexError(arm)
        self.n[arm] += 1
        self.mean[arm] += (reward - self.mean[arm]) / self.n[arm]
