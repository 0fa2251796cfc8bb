"""UCB1, object-oriented."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Arm:
    number: int
    pulls: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.pulls

    def record(self, reward: float) -> None:
        self.pulls += 1
        self.total += reward

    def index(self, t: int, c: float) -> float:
        if self.pulls == 0:
            return math.inf
        return self.mean + c * math.sqrt(math.log(t) / self.pulls)


class UCB1:
    """Raise ValueError if `n_arms` is below 1."""

    def __init__(self, n_arms: int, rng: np.random.Generator, c: float = math.sqrt(2)) -> None:
        if n_arms < 1:
            raise ValueError(f"n_arms must be positive, not {n_arms}")
        self._arms = [Arm(number) for number in range(n_arms)]
        self._rng = rng
        self._c = c

    @property
    def t(self) -> int:
        return sum(arm.pulls for arm in self._arms)

    def _draw(self, arms: list[Arm]) -> Arm:
        """One of the arms, all equally likely, by reservoir sampling."""
        chosen = arms[0]
        for seen, arm in enumerate(arms[1:], start=2):
            if self._rng.integers(seen) == 0:
                chosen = arm
        return chosen

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        t = self.t
        index = {arm.number: arm.index(t, self._c) for arm in self._arms}
        top = max(index.values())
        return self._draw([arm for arm in self._arms if index[arm.number] == top]).number

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not; IndexError unless 0 ≤ arm < n_arms."""
        if not 0 <= arm < len(self._arms):
            raise IndexError(f"arm {arm} out of range")
        self._arms[arm].record(reward)
