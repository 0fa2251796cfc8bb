"""What UCB1 must do."""

import contextlib
import itertools
import operator

import numpy as np

from dojo import Kata, case, samples

kata = Kata(
    minutes=20,
    level="core",
    asked="Write the UCB1 bandit, with random tie-breaking.",
    asked_zh="手写 UCB1 多臂老虎机算法，并列时随机选择。",
    hints=(
        "What do you have to remember of each arm, and what is the index of an arm of which you "
        "know nothing?",
        "Two numbers per arm are enough: a count, and a sum or a mean. t need not be stored, and "
        "select should write nothing down.",
        "If some arms have no reward, the choice is among those. Otherwise work out all indices, "
        "find all arms that reach the maximum, and let the generator pick one of them.",
    ),
    follow_ups={
        "Where does the bonus come from?": (
            "From Hoeffding's inequality: for rewards in [0, 1] the mean of n draws exceeds the "
            "true mean by √(2·ln t / n) or more with probability at most t⁻⁴. So the index is an upper "
            "confidence bound whose confidence grows with t."
        ),
        "How large is the regret?": (
            "Logarithmic in t: about 8·ln t / gap for each worse arm, which matches the "
            "lower bound of Lai and Robbins up to a constant. ε-greedy with a fixed ε has linear regret."
        ),
        "What if the rewards lie in [0, 100]?": (
            "The bonus is right for a range of one. Scale the rewards, or multiply c by the range; "
            "otherwise the agent explores far too little and may settle on a bad arm."
        ),
        "What if the arms change over time?": (
            "Old rewards mislead, and the counts make the agent sure of itself. Use a sliding "
            "window or discount both counts and sums, so that the bonus grows again."
        ),
        "When would you prefer Thompson sampling?": (
            "With delayed or batched feedback: UCB1 repeats the same arm until a reward comes, "
            "while sampling spreads its pulls. It also tends to have lower regret in practice "
            "and uses prior knowledge; UCB needs no prior and can be checked by hand."
        ),
    },
    source="Auer, Cesa-Bianchi and Fischer 2002, Machine Learning 47, fig. 1 and theorem 1",
)


class Arms:
    """Arms with normal rewards, which never tie, that remember every pull."""

    def __init__(self, draw, n_arms, mean, scale):
        self._rng = draw.rng()
        self._means = mean + scale * self._rng.random(n_arms)
        self._scale = scale
        self._pulls = []

    def pull(self, arm):
        """Return a reward."""
        try:
            arm = operator.index(arm)
        except TypeError:
            raise TypeError("an arm must be an int") from None
        if not 0 <= arm < len(self._means):
            raise ValueError(f"arm {arm} does not exist: there are {len(self._means)}")
        if len(self._pulls) == 10_000:
            raise ValueError("the arms have been pulled 10000 times: that is enough")
        self._pulls.append(arm)
        return float(self._rng.normal(self._means[arm], 0.5 * self._scale))

    def observed(self):
        return {"pulls": self._pulls}


def drawn(agent, draws):
    """Select again and again: the arms, and in every ten how many are the one before once more."""
    chosen = [int(agent.select()) for _ in range(draws)]
    tens = (chosen[n : n + 10] for n in range(0, draws, 10))
    repeats = samples(sum(a == b for a, b in itertools.pairwise(ten)) for ten in tens)
    return {"arms": samples(chosen), "repeats": repeats}


def learn(agent, draw, arms, scale=1.0):
    """Give every arm in turn a random reward."""
    rewards = draw.numpy.normal(len(arms), scale=scale)
    for arm, reward in zip(arms, rewards.tolist(), strict=True):
        agent.update(arm, reward)


@case(n_arms=5, c=1.7, steps=150, mean=0.0, scale=1.0)
@case(n_arms=11, c=0.3, steps=100, mean=-6.0, scale=2.0)
@case(n_arms=3, c=4e5, steps=70, mean=-3e6, scale=1e6)
@case(n_arms=4, c=0.0, steps=20, mean=0.5, scale=0.1)
def pulls(kata, draw, n_arms, c, steps, mean, scale):
    """pulls the arm of largest index, again and again"""
    arms = draw.host(Arms, n_arms=n_arms, mean=mean, scale=scale)
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=c)
    for arm in draw.numpy.permutation(n_arms).tolist():  # no ties: everything is tried
        agent.update(arm, arms.pull(arm))
    for _ in range(steps):
        arm = agent.select()
        agent.update(arm, arms.pull(arm))


@case(n_arms=6, steps=120)
def standard_weight(kata, draw, n_arms, steps):
    """weighs exploration by √2 unless told otherwise"""
    agent = kata.UCB1(n_arms, draw.rng())
    learn(agent, draw, range(n_arms))
    chosen = []
    for reward in draw.numpy.normal(steps).tolist():
        chosen.append(int(agent.select()))
        agent.update(chosen[-1], reward)
    return chosen


@case(n_arms=7, rewards=200, c=0.8)
def logged(kata, draw, n_arms, rewards, c):
    """learns from rewards of arms that it did not select"""
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=c)
    learn(agent, draw, range(n_arms))
    chosen = []
    for arm in (draw.numpy.uniform(rewards) ** 2 * n_arms).astype(int).tolist():
        learn(agent, draw, [arm])
        chosen.append(int(agent.select()))
    return chosen


@case(n_arms=5, steps=90, c=1.1)
def selects_again(kata, draw, n_arms, steps, c):
    """changes nothing by selecting"""
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=c)
    learn(agent, draw, range(n_arms))
    chosen = []
    for step, reward in enumerate(draw.numpy.normal(steps).tolist()):
        chosen += [int(agent.select()) for _ in range(1 + step % 4)]
        agent.update(chosen[-1], reward)
    return chosen


@case(n_arms=9, c=0.01)
@case(n_arms=8, c=0.0)
@case(n_arms=1, c=2.0)
def first_round(kata, draw, n_arms, c):
    """tries every arm once before it repeats one, however good or bad the rewards"""
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=c)
    chosen = []
    for reward in draw.numpy.normal(n_arms, scale=1e9).tolist():
        chosen.append(int(agent.select()))
        agent.update(chosen[-1], reward)
    return sorted(chosen)


@case(n_arms=6, tried=(), draws=500)
@case(n_arms=8, tried=(0, 3, 4), draws=500)
def untried(kata, draw, n_arms, tried, draws):
    """picks any of the untried arms at random"""
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=1.5)
    learn(agent, draw, tried)
    return drawn(agent, draws)


@case(n_arms=7, best=(1, 3, 4), draws=500, scale=1.0)
@case(n_arms=4, best=(0, 1, 2, 3), draws=500, scale=1.0)
@case(n_arms=5, best=(0, 2, 3), draws=500, scale=1099511627776.0)
def tied(kata, draw, n_arms, best, draws, scale):
    """breaks ties of equal indices at random, however large the rewards"""
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=0.6)
    for arm in sorted(range(n_arms), key=lambda arm: (arm + 1) % 3):
        # quarters: averages are exact, in whatever way they are worked out
        agent.update(arm, scale * (0.75 if arm in best else 0.25))
        agent.update(arm, scale * (0.25 if arm in best else -1.5))
    return drawn(agent, draws)


@case(n_arms=6, mean=1e7, c=1.5, steps=25)
@case(n_arms=4, mean=-3.0, c=1e-9, steps=15)
def close(kata, draw, n_arms, mean, c, steps):
    """tells arms apart whose indices are close together, but not equal"""
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=c)
    rewards = (mean + 2.0 * c * draw.numpy.permutation(n_arms)).tolist()
    chosen = [*range(n_arms)]
    for arm in chosen:
        agent.update(arm, rewards[arm])
    for _ in range(steps):
        chosen.append(int(agent.select()))
        agent.update(chosen[-1], rewards[chosen[-1]])
    return chosen


@case(n_arms=10, rounds=12)
def repeatable(kata, draw, n_arms, rounds):
    """chooses alike with equal generators, and differently with others"""
    seed = int(draw.numpy.integers(high=2**31))
    agents = [kata.UCB1(n_arms, rng=np.random.default_rng(s)) for s in (seed, seed, seed + 1)]
    first, equal, other = ([int(agent.select()) for _ in range(rounds)] for agent in agents)
    return {"equal": first == equal, "other": first == other, "one arm": len({*first}) == 1}


@case(arm=5, raises=IndexError)
@case(arm=-1, raises=IndexError)
def unknown_arm(kata, draw, arm):
    """refuses a reward for an arm that does not exist"""
    agent = kata.UCB1(5, rng=draw.rng())
    agent.update(0, 1.0)
    agent.update(arm, 1.0)


@case(n_arms=4, c=2.2, steps=60)
def after_refusal(kata, draw, n_arms, c, steps):
    """goes on as if a refused reward had never been offered"""
    agent = kata.UCB1(n_arms, rng=draw.rng(), c=c)
    learn(agent, draw, range(n_arms))
    chosen = []
    for step, reward in enumerate(draw.numpy.normal(steps).tolist()):
        with contextlib.suppress(IndexError):
            agent.update((n_arms, -1)[step % 2], 5.0)
        chosen.append(int(agent.select()))
        agent.update(chosen[-1], reward)
    return chosen


@case(n_arms=0, raises=ValueError)
def no_arms(kata, draw, n_arms):
    """refuses to have no arms"""
    kata.UCB1(n_arms, rng=draw.rng())
