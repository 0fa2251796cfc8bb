# wrong: compares the bound with the best hypothesis, not the n_beams-th
"""Beam search with explicit loops and heapq."""

import heapq
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64


def beam_search(
    score: Callable[[list[list[int]]], Float64[np.ndarray, "n V"]],
    prompt: list[int],
    eos: int,
    n_beams: int,
    max_new_tokens: int,
    length_penalty: float = 1.0,
) -> list[tuple[list[int], float]]:
    """Raise ValueError if `n_beams` or `max_new_tokens` is below 1."""
    if min(n_beams, max_new_tokens) < 1:
        raise ValueError("n_beams and max_new_tokens must not be below 1")

    def normalise(total, n):
        return total / n**length_penalty

    heap = []  # min-heap of (score, -order found, tokens): the worst on top
    order = 0
    live = [((), 0.0)]
    length = 0
    while len(live) > 0:
        length += 1
        prefixes = []
        for tokens, _ in live:
            prefixes.append(list(prompt) + list(tokens))
        rows = score(prefixes).tolist()

        # Two heaps: everything (for the hypotheses), and only what goes on (for the beams).
        everything, unfinished = [], []
        for rank in range(len(live)):
            for token in range(len(rows[rank])):
                if rows[rank][token] == float("-inf"):
                    continue
                entry = (-(live[rank][1] + rows[rank][token]), rank, token)
                everything.append(entry)
                if token != eos and length < max_new_tokens:
                    unfinished.append(entry)

        for cost, rank, token in heapq.nsmallest(n_beams, everything):
            if token == eos or length == max_new_tokens:
                item = (normalise(-cost, length), -order, live[rank][0] + (token,))
                order += 1
                if len(heap) < n_beams:
                    heapq.heappush(heap, item)
                else:
                    heapq.heappushpop(heap, item)

        live = [
            (live[rank][0] + (token,), -cost)
            for cost, rank, token in heapq.nsmallest(n_beams, unfinished)
        ]
        if len(heap) == n_beams:
            worst = max(heap)[0]
            if all(normalise(total, max_new_tokens) <= worst for _, total in live):
                break

    return [(list(tokens), value) for value, _, tokens in sorted(heap, reverse=True)]
