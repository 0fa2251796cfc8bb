"""The reference finds what an exhaustive search finds, and what transformers' beam search finds."""

import doctest
import itertools
import math
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

Score = Callable[[list[list[int]]], NDArray[np.float64]]


def scorer(seed: int, V: int, eos: int, impossible: float = 0.0) -> Score:
    """A language model that draws the logits of the next token afresh for every prefix."""

    def row(prefix: list[int]) -> NDArray[np.float64]:
        rng = np.random.default_rng([seed, len(prefix), *prefix])
        logits = 2 * rng.standard_normal(V)
        logits[eos] += 2
        log_p = logits - np.logaddexp.reduce(logits)
        return np.where(rng.random(V) < impossible, -math.inf, log_p)

    return lambda prefixes: np.array([row(list(prefix)) for prefix in prefixes])


def exhaustive(
    score: Score, prompt: list[int], V: int, eos: int, max_new_tokens: int, length_penalty: float
) -> list[tuple[list[int], float]]:
    """Score every sequence that may come out, one by one, and sort."""
    found = []
    for length in range(1, max_new_tokens + 1):
        for tokens in itertools.product(range(V), repeat=length):
            if eos in tokens[:-1] or (tokens[-1] != eos and length < max_new_tokens):
                continue
            total = 0.0
            for n, token in enumerate(tokens):
                total += score([[*prompt, *tokens[:n]]])[0, token]
            if total > -math.inf:
                found.append((list(tokens), total / length**length_penalty))
    return sorted(found, key=lambda hypothesis: -hypothesis[1])


class ScorerModel(PreTrainedModel, GenerationMixin):  # type: ignore[misc]
    """The scorer in transformers' clothes."""

    config_class = PretrainedConfig

    def __init__(self, score: Score, V: int) -> None:
        super().__init__(PretrainedConfig(vocab_size=V, is_encoder_decoder=False))
        self.score = score
        self.weight = torch.nn.Parameter(torch.zeros(1))  # generate() asks for a device

    def forward(self, input_ids: torch.Tensor, **ignored: object) -> CausalLMOutput:
        logits = torch.from_numpy(self.score(input_ids.tolist()))
        return CausalLMOutput(logits=logits[:, None, :])


def by_transformers(
    score: Score,
    prompt: list[int],
    V: int,
    eos: int,
    n_beams: int,
    max_new_tokens: int,
    length_penalty: float,
    early_stopping: bool | str = "never",
) -> list[tuple[list[int], float]]:
    """Run transformers' beam search with the settings under which the conventions agree.

    "never" stops by the exact bound; the default, False, takes the present length for the greatest
    possible one, and True stops at n_beams hypotheses. As in the kata, the length that divides
    counts the new tokens and the end token, only the n_beams best extensions may end, and an end
    token in the prompt ends nothing. With one beam transformers searches greedily instead and
    stops at the first end token, so this needs at least two.
    """
    output = ScorerModel(score, V).generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt)),
        max_new_tokens=max_new_tokens,
        num_beams=n_beams,
        num_return_sequences=n_beams,
        length_penalty=length_penalty,
        early_stopping=early_stopping,
        eos_token_id=eos,
        pad_token_id=eos,
        do_sample=False,
        use_cache=False,
        return_dict_in_generate=True,
        output_scores=True,
    )
    found = []
    for sequence, value in zip(output.sequences, output.sequences_scores, strict=True):
        tokens = sequence[len(prompt) :].tolist()
        length = tokens.index(eos) + 1 if eos in tokens else len(tokens)  # the rest is padding
        found.append((tokens[:length], float(value)))
    return found


def assert_same(
    expected: list[tuple[list[int], float]], got: list[tuple[list[int], float]], rtol: float
) -> None:
    assert [tokens for tokens, _ in expected] == [tokens for tokens, _ in got]
    np.testing.assert_allclose([s for _, s in got], [s for _, s in expected], rtol=rtol)


@pytest.mark.parametrize(
    ("V", "eos", "max_new_tokens", "length_penalty", "impossible"),
    [(3, 1, 4, 0.7, 0.0), (2, 0, 5, 1.5, 0.0), (4, 3, 3, 0.0, 0.0), (5, 2, 3, 1.0, 0.5)],
)
def test_a_beam_as_wide_as_the_tree_finds_every_sequence(
    solution: ModuleType,
    V: int,
    eos: int,
    max_new_tokens: int,
    length_penalty: float,
    impossible: float,
) -> None:
    """Brute force over all sequences gives the same list."""
    for seed in range(5):
        score, prompt = scorer(seed, V, eos, impossible), [0, V - 1, 1]
        expected = exhaustive(score, prompt, V, eos, max_new_tokens, length_penalty)
        n_beams = V**max_new_tokens
        got = solution.beam_search(score, prompt, eos, n_beams, max_new_tokens, length_penalty)
        assert_same(expected, got, rtol=1e-12)


def test_a_wide_beam_finds_the_best_of_all_sequences(solution: ModuleType) -> None:
    """A beam that prunes little nearly always finds the brute force's best, and nothing better."""
    reached = []
    for seed in range(20):
        score = scorer(seed, V=4, eos=3)
        best = exhaustive(score, [2], 4, 3, max_new_tokens=4, length_penalty=0.8)[0]
        found = solution.beam_search(score, [2], 3, 12, 4, length_penalty=0.8)[0]
        assert found[1] <= best[1] + 1e-12
        reached.append(found[0] == best[0])
    assert sum(reached) >= 18


SIZES = [(12, 3, 8, 0.7), (9, 4, 6, 1.3), (30, 2, 10, 0.0), (15, 5, 7, 1.0), (8, 3, 14, 2.0)]


@pytest.mark.parametrize(("V", "n_beams", "max_new_tokens", "length_penalty"), SIZES)
def test_transformers_finds_the_same(
    solution: ModuleType, V: int, n_beams: int, max_new_tokens: int, length_penalty: float
) -> None:
    """Tokens are equal, and scores up to the float32 in which transformers adds up."""
    eos = 2
    for seed in range(12):
        prompt = [5, 1, eos, 6, eos][seed % 5 :]
        score = scorer(seed, V, eos)
        expected = by_transformers(score, prompt, V, eos, n_beams, max_new_tokens, length_penalty)
        got = solution.beam_search(score, prompt, eos, n_beams, max_new_tokens, length_penalty)
        assert_same(expected, got, rtol=1e-5)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_transformers_own_defaults_stop_sooner(solution: ModuleType, early_stopping: bool) -> None:
    """The comparison above can fail: it does with transformers' inexact rules for stopping."""
    differ = 0
    for seed in range(12):
        score = scorer(seed, V=8, eos=2)
        sooner = by_transformers(score, [5, 1], 8, 2, 3, 14, 2.0, early_stopping)
        exact = solution.beam_search(score, [5, 1], 2, 3, 14, 2.0)
        differ += [tokens for tokens, _ in sooner] != [tokens for tokens, _ in exact]
        assert sooner[-1][1] <= exact[-1][1] + 1e-5
    assert differ > 0


def test_examples_run(solution: ModuleType) -> None:
    """The statement's examples print what they say."""
    assert (0, 2) == doctest.testmod(solution)
