# wrong: adds the sums in place to the array that score returned, which may be a table that is used again
"""Beam search, vectorised with NumPy."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64


def _top(values, k):
    """Indices of the k largest values, largest first, equal ones by index."""
    if k < values.size:
        threshold = np.partition(values, values.size - k)[values.size - k]
        index = np.flatnonzero(values >= threshold)
    else:
        index = np.arange(values.size)
    return index[np.lexsort((index, -values[index]))][:k]


def beam_search(
    score: Callable[[list[list[int]]], Float64[np.ndarray, "n V"]],
    prompt: list[int],
    eos: int,
    n_beams: int,
    max_new_tokens: int,
    length_penalty: float = 1.0,
) -> list[tuple[list[int], float]]:
    """Raise ValueError if `n_beams` or `max_new_tokens` is below 1."""
    if n_beams < 1:
        raise ValueError(f"n_beams is {n_beams}, below 1")
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens is {max_new_tokens}, below 1")

    new = np.zeros((1, 0), dtype=np.int64)  # new tokens of the live beams
    sums = np.zeros(1)
    hyp_tokens: list[list[int]] = []
    hyp_scores = np.zeros(0)

    for length in range(1, max_new_tokens + 1):
        log_probs = score([[*prompt, *row] for row in new.tolist()])
        log_probs += sums[:, None]
        beam, token = np.nonzero(~np.isneginf(log_probs))  # row-major: by beam, then by token
        total = log_probs[beam, token]
        finished = (token == eos) | (length == max_new_tokens)

        best = _top(total, n_beams)
        done = best[finished[best]]
        hyp_tokens += np.column_stack([new[beam[done]], token[done]]).tolist()
        hyp_scores = np.concatenate([hyp_scores, total[done] / float(length) ** length_penalty])
        keep = np.argsort(-hyp_scores, kind="stable")[:n_beams]
        hyp_tokens = [hyp_tokens[i] for i in keep]
        hyp_scores = hyp_scores[keep]

        open_ = np.flatnonzero(~finished)
        go = open_[_top(total[open_], n_beams)]
        new = np.column_stack([new[beam[go]], token[go]])
        sums = total[go]
        if go.size == 0:
            break
        if len(hyp_tokens) == n_beams:
            bound = sums.max() / float(max_new_tokens) ** length_penalty
            if not bound > hyp_scores[-1]:
                break

    return list(zip(hyp_tokens, hyp_scores.tolist()))
