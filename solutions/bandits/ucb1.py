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
        if n_arms < 1:
            raise ValueError(f"{n_arms=} must be at least 1")
        # ✗ if n_arms < 2: raise ValueError(n_arms) — One arm leaves no choice, and yet it is a bandit:
        #   refuse only what has no arm at all.
        # ✗ pass — An agent without arms fails only when it has to choose: refuse it right away.
        self.c = c
        # ✗ self.c = c or math.sqrt(2) — A weight of zero is taken for a missing one and replaced by the
        #   default: zero is a weight like any other and never explores.
        # ✗ self.c = math.sqrt(2) — The weight of exploration is fixed: use the argument.
        self.rng = rng
        # ✗ self.rng = np.random.default_rng(0) — A fixed seed makes all agents choose alike: draw from
        #   the generator that is passed in.
        self.counts = np.zeros(n_arms)
        # ✗ self.counts = np.ones(n_arms) — A count of one avoids the division by zero and hides that
        #   the arm was never tried: count from zero.
        self.means = np.zeros(n_arms)
        # ✗ self.means = np.zeros(n_arms, dtype=np.float32) — Single precision takes close averages for
        #   equal: keep double precision.

    def select(self) -> int:
        """Return the arm to pull now and change no statistics: it may be called again."""
        best = np.flatnonzero(self.counts == 0)
        # ✗ best = np.flatnonzero(self.counts == 0)[:1] — The lowest untried arm always goes first:
        #   untried arms are tied, so pick any of them at random.
        # ✗ best = np.flatnonzero(self.counts == 0) if not self.counts.any() else [] — Only the first
        #   pull looks for untried arms, and after it their bonus divides by zero: go on until each
        #   arm has a reward.
        if len(best) == 0:
            bonus = self.c * np.sqrt(np.log(self.counts.sum()) / self.counts)
            # ✗ bonus = np.sqrt(self.c * np.log(self.counts.sum()) / self.counts) — The weight c
            #   stands inside the root, where it counts as √c: multiply the root by it.
            # ✗ bonus = self.c * np.sqrt(2 * np.log(self.counts.sum()) / self.counts) — The 2 of the
            #   textbook formula is part of c already: leave it out under the root.
            # ✗ bonus = self.c * np.sqrt(np.log10(self.counts.sum()) / self.counts) — A logarithm to
            #   base 10 explores too little: take the natural one.
            # ✗ bonus = self.c * np.sqrt(np.log(self.counts) / self.counts) — The logarithm is of the
            #   arm's own count, so neglected arms gain nothing: take the total over all arms.
            # ✗ bonus = self.c * np.sqrt(np.log(self.counts.sum() + 1) / self.counts) — The pull to
            #   come is counted already: t is the number of rewards so far.
            # ✗ self.t = getattr(self, "t", 0) + 1; bonus = self.c * np.sqrt(np.log(self.t) / self.counts)
            #   — The clock counts selections, and these are not rewards: an arm may be selected twice
            #   before one comes, or be rewarded without it. Count the rewards.
            # ✗ bonus = self.c * np.sqrt(np.log(self.counts.sum() - len(self.counts) + 1) /
            #   self.counts) — The clock starts after every arm was tried: t counts those rewards
            #   as well.
            # ✗ bonus = self.c * np.log(self.counts.sum()) / self.counts — Without the root the bonus
            #   falls too fast with n: take the square root of the ratio.
            # ✗ bonus = self.c * np.sqrt(np.log(self.counts.sum())) / self.counts — The root covers the
            #   logarithm only: the count belongs under it.
            index = self.means + bonus
            # ✗ index = self.means - bonus — A lower bound avoids uncertain arms: optimism adds the
            #   bonus.
            # ✗ index = self.means * self.counts + bonus — A sum of rewards favours arms that were
            #   pulled often: use their average.
            best = np.flatnonzero(index == index.max())
            # ✗ best = np.flatnonzero(np.isclose(index, index.max())) — Close to large numbers, or to
            #   small ones, is not equal: only arms of exactly the same index are tied.
            # ✗ best = [int((index + 1e-6 * self.rng.random(len(index))).argmax())] — Noise that
            #   settles ties is lost beside large rewards and outweighs small ones: find the equal
            #   arms and draw one.
            # ✗ best = [int(index.argmax())] — The lowest arm wins every tie: pick any of the best at
            #   random.
        return int(self.rng.choice(best))
        # ✗ return int(np.random.choice(best)) — With a generator other than the one passed in, nobody
        #   can repeat a run: draw from that one only.
        # ✗ arm = int(self.rng.choice(best)); self.counts[arm] += 1; return arm — The pull is counted
        #   here, and again with its reward: leave counting to the update.
        # ✗ return int(best[-1]) — The highest arm wins every tie: pick any of the best at random.

    def update(self, arm: int, reward: float) -> None:
        """Record the reward of an arm, selected or not.

        Raise IndexError unless 0 ≤ arm < n_arms, and then change nothing.
        """
        if not 0 <= arm < len(self.counts):
            # ✗ if arm >= len(self.counts): — A negative arm silently counts from the end: refuse it.
            raise IndexError(f"{arm=} is not in 0 … {len(self.counts) - 1}")
        # ✗ assert 0 <= arm < len(self.counts) — An assertion raises another error and vanishes under
        #   `python -O`: raise the error that callers expect of an index out of range.
        self.counts[arm] += 1
        self.means[arm] += (reward - self.means[arm]) / self.counts[arm]
        # ✗ self.means[arm] += (reward - self.means[arm]) / self.counts.sum() — Each reward is weighed
        #   by the total over all arms: divide by this arm's own count.
        # ✗ self.means[arm] += (reward - self.means[arm]) / (self.counts[arm] + 1) — The count has
        #   grown before it is used, and grows again here: divide by it as it stands.
        # ✗ self.means[arm] = (self.means[arm] + reward) / 2 — Halving gives the last rewards far more
        #   weight than the first: an average weighs all alike.
        # ✗ self.means[arm] += reward / self.counts[arm] — The old rewards keep the weight of an older
        #   count: the mean moves by its distance to the reward, divided by the count.
        # ✗ self.means[arm] = reward — The last reward replaces all before it: keep their average.


# ✗ UCB1.update — The reward is counted before the arm is checked, so a refused one shifts every
#   index: refuse first, then change.
def _(self, arm: int, reward: float) -> None:
    self.counts[arm % len(self.counts)] += 1
    if not 0 <= arm < len(self.counts):
        raise IndexError(f"{arm=} is not in 0 … {len(self.counts) - 1}")
    self.means[arm] += (reward - self.means[arm]) / self.counts[arm]
