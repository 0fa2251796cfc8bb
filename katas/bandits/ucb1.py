"""UCB1: optimism in the face of uncertainty.

An agent learns which of `n_arms` arms pays best. It picks the arm of largest index,

    index(a) = mean(a) + c · √(ln t / n(a))

where n(a) is how many rewards arm a has had, mean(a) their average, and t = Σ n(a) the number of
all rewards so far. An arm without any reward has the index +∞, so each is tried once before any is
tried again. `c` is at least 0; rewards and their sums are finite.

Where several arms share the largest index, +∞ included, each of them is equally likely, afresh at
every call. `rng` is the only source of chance; how many numbers you take from it is up to you. How
you work out the averages, in double precision, is up to you as well: differences by its rounding do
not matter. Nor does it matter whether an arm is Python's int or NumPy's.

>>> agent = UCB1(n_arms=3, rng=np.random.default_rng(0))
>>> agent.update(0, 1.0), agent.update(1, 0.2), agent.update(2, 0.1)
(None, None, None)
>>> agent.select()
0
"""

import math

import numpy as np


class UCB1:
    """Raise ValueError if `n_arms` is below 1."""

    def __init__(self, n_arms: int, rng: np.random.Generator, c: float = math.sqrt(2)) -> None:
        raise NotImplementedError

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        raise NotImplementedError

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not.

        Raise IndexError unless 0 ≤ arm < n_arms, and then change nothing.
        """
        raise NotImplementedError
