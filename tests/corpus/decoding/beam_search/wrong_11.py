# wrong: starts with n_beams copies of the prompt (the others at -1e9): scores the same prefix n_beams times, and the copies come back when there are few tokens
"""Beam search in the manner of Hugging Face transformers."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64


class BeamHypotheses:
    def __init__(self, num_beams: int, length_penalty: float, max_length: int):
        self.num_beams = num_beams
        self.length_penalty = length_penalty
        self.max_length = max_length
        self.beams = []
        self.worst_score = 1e9

    def __len__(self):
        return len(self.beams)

    def add(self, hyp: list[int], sum_logprobs: float):
        score = sum_logprobs / (len(hyp) ** self.length_penalty)
        if len(self) < self.num_beams or score > self.worst_score:
            self.beams.append((score, hyp))
            if len(self) > self.num_beams:
                # drop the worst; among equally bad ones the latest
                worst = min(range(len(self)), key=lambda i: (self.beams[i][0], -i))
                del self.beams[worst]
                self.worst_score = min(s for s, _ in self.beams)
            else:
                self.worst_score = min(score, self.worst_score)

    def is_done(self, best_sum_logprobs: float) -> bool:
        if len(self) < self.num_beams:
            return False
        highest_attainable_score = best_sum_logprobs / self.max_length**self.length_penalty
        return self.worst_score >= highest_attainable_score


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
        raise ValueError("`n_beams` has to be a strictly positive integer")
    if max_new_tokens < 1:
        raise ValueError("`max_new_tokens` has to be a strictly positive integer")

    prompt_len = len(prompt)
    input_ids = [list(prompt) for _ in range(n_beams)]
    beam_scores = np.full(n_beams, -1e9)
    beam_scores[0] = 0.0
    beam_hyp = BeamHypotheses(n_beams, length_penalty, max_new_tokens)

    for cur_len in range(1, max_new_tokens + 1):
        next_token_logprobs = score([ids.copy() for ids in input_ids])
        vocab_size = next_token_logprobs.shape[1]
        possible = np.isfinite(next_token_logprobs).ravel()
        next_scores = (next_token_logprobs + beam_scores[:, None]).ravel()

        # At most n_beams of them end in eos, so 2 * n_beams leave enough to go on with.
        order = np.argsort(-next_scores, kind="stable")
        candidates = order[possible[order]][: 2 * n_beams]

        next_ids, next_beam_scores = [], []
        for rank, candidate in enumerate(candidates.tolist()):
            beam_idx, token_id = divmod(candidate, vocab_size)
            ids = input_ids[beam_idx] + [token_id]
            if token_id == eos or cur_len == max_new_tokens:
                if rank >= n_beams:
                    continue
                beam_hyp.add(ids[prompt_len:], float(next_scores[candidate]))
            elif len(next_ids) < n_beams:
                next_ids.append(ids)
                next_beam_scores.append(next_scores[candidate])

        input_ids, beam_scores = next_ids, np.array(next_beam_scores)
        if not input_ids or beam_hyp.is_done(float(beam_scores.max())):
            break

    best_first = sorted(beam_hyp.beams, key=lambda x: x[0], reverse=True)
    return [(hyp, s) for s, hyp in best_first]
