# keeps sums, and takes the first of the best in an order drawn afresh
import math

import numpy as np


class UCB1:
    def __init__(self, n_arms, rng, c=math.sqrt(2)):
        if n_arms < 1:
            raise ValueError("no arms")
        self.table = np.zeros((2, n_arms))  # rewards so far, their sum
        self.rng, self.c = rng, c

    def indices(self):
        n, s = self.table
        with np.errstate(divide="ignore", invalid="ignore"):
            v = s / n + self.c * np.sqrt(np.log(n.sum()) / n)
        return np.where(n > 0, v, np.inf)

    def select(self):
        v = self.indices()
        order = self.rng.permutation(len(v))
        return order[np.argmax(v[order])].item()

    def update(self, arm, reward):
        if arm < 0 or arm >= self.table.shape[1]:
            raise IndexError(f"arm {arm} of {self.table.shape[1]}")
        self.table[:, arm] += 1.0, reward
