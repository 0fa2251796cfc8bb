"""UCB1 agrees with a plain loop over the equation."""

import doctest
import math
from types import ModuleType

import numpy as np
import pytest


def indices(history: list[tuple[int, float]], n_arms: int, c: float) -> list[float]:
    """Work every index out from the whole history, afresh and without arrays."""
    values = []
    for arm in range(n_arms):
        rewards = [reward for chosen, reward in history if chosen == arm]
        if not rewards:
            values.append(math.inf)
            continue
        mean = math.fsum(rewards) / len(rewards)
        values.append(mean + c * math.sqrt(math.log(len(history)) / len(rewards)))
    return values


@pytest.mark.parametrize(
    ("n_arms", "c", "scale"), [(2, 1.5, 1.0), (5, 0.4, 3.0), (9, 0.0, 1.0), (4, 5e5, 1e6)]
)
def test_it_selects_an_arm_of_largest_index(
    solution: ModuleType, n_arms: int, c: float, scale: float
) -> None:
    """Every choice of a long run is the plain loop's, and no runner-up is near enough to matter."""
    rng = np.random.default_rng(n_arms)
    agent = solution.UCB1(n_arms, np.random.default_rng(0), c)
    means = rng.normal(size=n_arms)
    history: list[tuple[int, float]] = []
    for step in range(400):
        values = indices(history, n_arms, c)
        arm = agent.select()
        if step < n_arms:
            assert values[arm] == math.inf
        else:
            best, second = sorted(values, reverse=True)[:2]
            assert best - second > 1e-9 * scale
            assert values.index(best) == arm
        if step % 7 == 3:  # a reward from somebody else's log
            arm = int(rng.integers(n_arms))
        history.append((arm, float(scale * rng.normal(means[arm]))))
        agent.update(*history[-1])


def test_the_weight_is_root_two_unless_told(solution: ModuleType) -> None:
    """The default is the constant of the paper."""
    agents = [
        solution.UCB1(3, np.random.default_rng(0)),
        solution.UCB1(3, np.random.default_rng(0), c=math.sqrt(2)),
    ]
    assert agents[0].c == agents[1].c
    rng = np.random.default_rng(1)
    for _ in range(100):
        first, second = (agent.select() for agent in agents)
        assert first == second
        reward = float(rng.normal(first))
        for agent in agents:
            agent.update(first, reward)


def test_ties_are_broken_evenly(solution: ModuleType) -> None:
    """Each of k tied arms is chosen in a k-th of the calls, within six standard deviations."""
    agent = solution.UCB1(6, np.random.default_rng(3), c=0.7)
    for arm in range(6):
        agent.update(arm, 1.0 if arm in (1, 4, 5) else 0.0)
    n = 9000
    counts = np.bincount([agent.select() for _ in range(n)], minlength=6)
    assert [0, 0, 0] == counts[[0, 2, 3]].tolist()
    assert abs(counts[[1, 4, 5]] - n / 3).max() < 6 * math.sqrt(n * (1 / 3) * (2 / 3))


def test_untried_arms_come_in_any_order(solution: ModuleType) -> None:
    """All six orders of three arms occur about equally often."""
    orders: dict[tuple[int, ...], int] = {}
    rng = np.random.default_rng(4)
    for _ in range(3000):
        agent, order = solution.UCB1(3, rng), []
        for _ in range(3):
            order.append(agent.select())
            agent.update(order[-1], 1.0)
        orders[tuple(order)] = orders.get(tuple(order), 0) + 1
    assert 6 == len(orders)
    assert max(abs(n - 500) for n in orders.values()) < 6 * math.sqrt(3000 * (1 / 6) * (5 / 6))


def test_regret_grows_slower_than_time(solution: ModuleType) -> None:
    """On Bernoulli arms the regret stays below the bound of theorem 1 of the paper."""
    means = np.array([0.8, 0.5, 0.4, 0.2])
    gaps = means.max() - means
    steps = 3000
    bound = (
        sum(8 * math.log(steps) / gap for gap in gaps if gap) + (1 + math.pi**2 / 3) * gaps.sum()
    )
    regrets = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        agent = solution.UCB1(4, rng)
        regret = 0.0
        for _ in range(steps):
            arm = agent.select()
            agent.update(arm, float(rng.random() < means[arm]))
            regret += gaps[arm]
        regrets.append(regret)
    assert np.mean(regrets) < bound < steps * gaps.mean()


@pytest.mark.parametrize("arm", [-1, 3])
def test_unknown_arms_are_refused(solution: ModuleType, arm: int) -> None:
    """IndexError for an arm that does not exist, and nothing is recorded."""
    agent = solution.UCB1(3, np.random.default_rng(0))
    with pytest.raises(IndexError, match="arm="):
        agent.update(arm, 1.0)
    assert 0 == agent.counts.sum()


def test_examples_run(solution: ModuleType) -> None:
    """The statement's examples print what they say."""
    assert (0, 3) == doctest.testmod(solution)
