# wrong: takes indices that are close for equal: with large means, a difference of one is a tie
import math

import numpy as np


class UCB1:
    def __init__(self, n_arms, rng, c=math.sqrt(2)):
        if n_arms < 1:
            raise ValueError("n_arms must be at least 1")
        self.n_arms, self.rng, self.c = n_arms, rng, c
        self.counts = [0] * n_arms
        self.sums = [0.0] * n_arms
        self.t = 0

    def select(self):
        values = []
        for arm in range(self.n_arms):
            if self.counts[arm] == 0:
                index = math.inf
            else:
                bonus = self.c * math.sqrt(math.log(self.t) / self.counts[arm])
                index = self.sums[arm] / self.counts[arm] + bonus
            values.append(index)
        ties = np.flatnonzero(np.isclose(values, max(values)))
        return int(self.rng.choice(ties))

    def update(self, arm, reward):
        if not 0 <= arm < self.n_arms:
            raise IndexError("no such arm")
        self.t += 1
        self.counts[arm] += 1
        self.sums[arm] += reward
