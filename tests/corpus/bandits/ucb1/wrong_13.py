# wrong: decides ties by a coin at each equal arm: with three or more of them the last gets 1/2, not 1/k
import math


class UCB1:
    def __init__(self, n_arms, rng, c=math.sqrt(2)):
        if not n_arms >= 1:
            raise ValueError("n_arms")
        self.gen = rng
        self.explore = c
        self.table = [[0, 0.0] for _ in range(n_arms)]  # [how often, how much]

    def select(self):
        t = sum(row[0] for row in self.table)
        best, chosen = None, 0
        for a, (n, s) in enumerate(self.table):
            v = s / n + self.explore * (math.log(t) / n) ** 0.5 if n else float("inf")
            if best is None or v > best:
                best, chosen = v, a
            elif v == best and self.gen.random() < 0.5:
                chosen = a
        return chosen

    def update(self, arm, reward):
        if arm < 0:
            raise IndexError(arm)
        row = self.table[arm]  # a list raises IndexError by itself when arm is too large
        row[0] += 1
        row[1] += reward
