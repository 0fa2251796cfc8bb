# wrong: length_penalty=0 is falsy and becomes 1.0
"""Beam search, the plain textbook version."""

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
    if n_beams < 1 or max_new_tokens < 1:
        raise ValueError("n_beams and max_new_tokens must be at least 1")

    length_penalty = length_penalty or 1.0
    live = [(0.0, [])]  # (sum of log-probabilities, new tokens), best first
    hypotheses = []  # (tokens, score), best first
    while live:
        log_probs = score([prompt + tokens for _, tokens in live])

        extensions = []
        for (total, tokens), row in zip(live, log_probs):
            for token, log_prob in enumerate(row):
                if log_prob != -np.inf:
                    extensions.append((total + float(log_prob), tokens + [token]))
        extensions.sort(key=lambda extension: -extension[0])  # stable: beam rank, then token id

        live = []
        for rank, (total, tokens) in enumerate(extensions):
            if tokens[-1] == eos or len(tokens) == max_new_tokens:
                if rank < n_beams:
                    hypotheses.append((tokens, total / len(tokens) ** length_penalty))
            elif len(live) < n_beams:
                live.append((total, tokens))

        hypotheses.sort(key=lambda hypothesis: -hypothesis[1])  # stable: the first found first
        del hypotheses[n_beams:]
        if live and len(hypotheses) == n_beams:
            best_possible = live[0][0] / max_new_tokens**length_penalty
            if best_possible <= hypotheses[-1][1]:
                break
    return hypotheses
