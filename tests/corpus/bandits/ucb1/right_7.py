import math


class UCB1:
    def __init__(self, n_arms, rng, c=2**0.5):
        if n_arms < 1:
            raise ValueError("no arms")
        self.rewards = {a: [] for a in range(n_arms)}
        self.rng, self.c = rng, c

    def _index(self, arm):
        seen = self.rewards[arm]
        if not seen:
            return math.inf
        t = sum(map(len, self.rewards.values()))
        return math.fsum(seen) / len(seen) + self.c * math.sqrt(math.log(t) / len(seen))

    def select(self):
        order = [int(a) for a in self.rng.permutation(len(self.rewards))]
        return max(order, key=self._index)

    def update(self, arm, reward):
        if arm not in self.rewards:
            raise IndexError(arm)
        self.rewards[arm].append(float(reward))
