# wrong: c=0 is taken for "not given" and replaced by the default
import math


class UCB1:
    def __init__(self, n_arms, rng, c=math.sqrt(2)):
        if not n_arms >= 1:
            raise ValueError("n_arms")
        self.gen = rng
        self.explore = c or math.sqrt(2)
        self.table = [[0, 0.0] for _ in range(n_arms)]  # [how often, how much]

    def select(self):
        t = sum(row[0] for row in self.table)
        best, ties = None, []
        for a, (n, s) in enumerate(self.table):
            v = s / n + self.explore * (math.log(t) / n) ** 0.5 if n else float("inf")
            if best is None or v > best:
                best, ties = v, [a]
            elif v == best:
                ties.append(a)
        return ties[min(int(self.gen.random() * len(ties)), len(ties) - 1)]

    def update(self, arm, reward):
        if arm < 0:
            raise IndexError(arm)
        row = self.table[arm]  # a list raises IndexError by itself when arm is too large
        row[0] += 1
        row[1] += reward
