"""Beam search.

Find likely continuations of a prompt. The search keeps a few unfinished continuations, the live
beams (at first one, which is empty), and makes each of them one token longer at every step:

1. Score all live beams in one call. `score(prefixes)` takes n token lists, prompt included, and
   returns the log-probabilities of what comes next, shape (n, V), in float64. They are at most 0;
   −inf marks an impossible token, which is never chosen. A row need not sum to one.
2. Rank all possible extensions of all live beams together, by the sum of the log-probabilities of
   their new tokens. Equal sums rank in the order of their beams' ranks, then of their token ids.
3. An extension is finished if it ends in `eos` or has `max_new_tokens` new tokens. Those of the
   `n_beams` best extensions that are finished become hypotheses; one that ranks lower is lost.
4. The `n_beams` best unfinished extensions, or all if there are fewer, are the next live beams.

Each live beam is scored once, a finished one never, and all of them go on until the search stops:
as soon as none could make it into the result any more, even if all its further tokens, up to
`max_new_tokens`, had log-probability 0. The calls of `score` are counted.

The result holds the `n_beams` best hypotheses, best first; fewer if fewer exist, perhaps none.
Each is a pair of its new tokens, without the prompt but with `eos` if it ends so, and its score

    score = (sum of the log-probabilities of its new tokens) / (number of new tokens)**length_penalty

Of equal scores the one found first comes first, and within a step the one that ranks higher. The
prompt may be empty; an `eos` inside it ends nothing. It is left as it is, and so is the array that
`score` returns: it may be a table that is used again. `length_penalty` is at least 0. Keep float64:
sums may be large and close together. Integers and floats may be NumPy's.

>>> def score(prefixes):  # whatever came before, token 0 is as likely as 1 and 2 together
...     return np.log([[0.5, 0.25, 0.25]] * len(prefixes))
>>> for tokens, value in beam_search(score, [2, 1], eos=0, n_beams=2, max_new_tokens=3):
...     print(tokens, round(value, 3))
[0] -0.693
[1, 0] -1.04
"""

import math
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
        raise ValueError(f"{n_beams=} and {max_new_tokens=} must be at least 1")
    # ✗ pass — Without a beam or a step there is nothing to search, and an empty result or an error
    #   further down hides the cause: refuse such arguments first.

    def is_finished(tokens: list[int]) -> bool:
        return tokens[-1] == eos or len(tokens) == max_new_tokens
        # ✗ return tokens[-1] == eos — Beams that reach the maximal length are thrown away: they are
        #   hypotheses too, without an end token.

    hypotheses: list[tuple[list[int], float]] = []
    live: list[tuple[list[int], float]] = [([], 0.0)]  # new tokens, sum of log-probabilities
    # ✗ live = [([], 0.0)] * n_beams — Equal beams have equal extensions, which crowd out all
    #   others: begin with a single beam.
    # ✗ live = [([], 0.0)] + [([], -math.inf)] * (n_beams - 1) — Dead copies that fill up the beam
    #   are scored like live ones, and come back where extensions are few: begin with a single beam.
    for length in range(1, max_new_tokens + 1):
        rows = score([prompt + tokens for tokens, _ in live])
        # ✗ rows = score([tokens for tokens, _ in live]) — The model sees the new tokens only, and
        #   what it predicts depends on the prompt as well: put it in front.
        # ✗ rows = [score([prompt + tokens])[0] for tokens, _ in live] — A call for each beam wastes
        #   the batch: score all live beams in one call.
        extensions = []
        for (tokens, total), row in zip(live, rows, strict=True):
            for token in np.flatnonzero(row > -math.inf).tolist():
                # ✗ for token in range(len(row)): — Impossible tokens become extensions and fill
                #   the places that nothing better takes: leave out whatever is at −∞.
                # ✗ for token in np.flatnonzero(row > -1e9).tolist(): — Log-probabilities have no lower
                #   bound, so a very unlikely token passes for an impossible one: only −∞ marks those.
                # ✗ for token in np.flatnonzero((row >= np.sort(row)[-n_beams:][0]) & (row > -math.inf)):
                #   — The end token may be one of a beam's n_beams best, and then its last unfinished
                #   extension is missing: keep one more of each beam.
                # ✗ for token in np.argpartition(-row, n_beams)[: n_beams + 1].tolist(): — There may
                #   be no more tokens than beams: never ask for more of the best than there are.
                # ✗ for token in range(len(row)) if len(live) == 1 else [int(row.argmax())]: — Each
                #   beam goes on alone with its own best token: let the extensions of all beams
                #   compete for the places.
                extensions.append((tokens + [token], total + float(row[token])))
                # ✗ row[token] += total; extensions.append((tokens + [token], float(row[token]))) —
                #   The sums are written into the array that came from the model, which may use it
                #   again: put them into a new one.
                # ✗ extensions.append((tokens + [token], float(row[token]))) — Only the last token
                #   counts: add its log-probability to the sum of those before it.
                # ✗ extensions.append((tokens + [token], (total + row[token]) / length**length_penalty))
                #   — The penalty divides the running sum at every step and the hypothesis once
                #   more: add up plain log-probabilities and divide once, at the end.
        extensions.sort(key=lambda extension: -extension[1])  # a stable sort settles ties
        # ✗ extensions.sort(key=lambda e: (e[1], e[0]), reverse=True) — Sorting whole pairs backwards
        #   puts the larger tokens first among equal sums: compare the sums alone.
        # ✗ cut = np.argpartition([-s for _, s in extensions], min(2 * n_beams, len(extensions)) - 1);
        #   extensions = sorted((extensions[i] for i in sorted(cut[: 2 * n_beams])), key=lambda e:
        #   -e[1]) — Of equal sums at the edge, a partial sort keeps any: a stable sort of those that
        #   are left comes too late, so settle ties before you cut.
        hypotheses += [
            (tokens, total / length**length_penalty)
            for tokens, total in extensions[:n_beams]
            if is_finished(tokens)
        ]
        # ✗ hypotheses += [(t, s / length**length_penalty) for t, s in extensions if is_finished(t)]
        #   — An end token counts wherever it ranks: only one among the n_beams best extensions
        #   makes a hypothesis.
        # ✗ hypotheses += [(t, s) for t, s in extensions[:n_beams] if is_finished(t)] — Plain sums
        #   favour short hypotheses: divide by the length, raised to the penalty.
        # ✗ hypotheses += [(t, s * length**length_penalty) for t, s in extensions[:n_beams] if
        #   is_finished(t)] — Sums are negative, so multiplying punishes length once more: divide.
        # ✗ hypotheses += [(t, s / max(length - (t[-1] == eos), 1) ** length_penalty) for t, s in
        #   extensions[:n_beams] if is_finished(t)] — The end token's log-probability is in the
        #   sum, so the token counts in the length too.
        # ✗ hypotheses += [(t, s / (len(prompt) + length) ** length_penalty) for t, s in
        #   extensions[:n_beams] if is_finished(t)] — The prompt has no part in the sum: leave it
        #   out of the length.
        hypotheses = sorted(hypotheses, key=lambda hypothesis: -hypothesis[1])[:n_beams]
        # ✗ hypotheses = hypotheses[:n_beams] — The first to finish are not the best: sort by score
        #   before cutting.
        # ✗ hypotheses = sorted(hypotheses, key=lambda hypothesis: hypothesis[1])[::-1][:n_beams] —
        #   Turning an ascending order round turns ties round too: of equal scores the first found
        #   stays ahead.
        live = [beam for beam in extensions if not is_finished(beam[0])][:n_beams]
        # ✗ live = extensions[:n_beams] — A finished beam is extended past its end token: take it
        #   out of the search.
        # ✗ live = [beam for beam in extensions[:n_beams] if not is_finished(beam[0])] — The beam
        #   gets narrower with each hypothesis: fill up with the next best unfinished extensions.
        if not live:
            break
        best_possible = live[0][1] / max_new_tokens**length_penalty  # all further tokens certain
        # ✗ best_possible = live[0][1] / length**length_penalty — A live beam can still rise, since
        #   each further token divides its sum by more: judge it by the greatest possible length.
        # ✗ best_possible = -math.inf — A live beam may overtake, so n_beams hypotheses are no reason
        #   to stop: compare the best that it can reach with the worst that you keep.
        # ✗ best_possible = math.inf — The search goes on when nothing can change any more: stop once
        #   the best live beam cannot beat the worst hypothesis that you keep.
        if len(hypotheses) == n_beams and best_possible <= hypotheses[-1][1]:
            # ✗ if best_possible <= hypotheses[-1][1] if hypotheses else False: — The result has free
            #   places and any live beam would fill one: do not stop before there are n_beams.
            # ✗ if len(hypotheses) == n_beams and best_possible < hypotheses[-1][1]: — A beam that
            #   can only draw level comes too late to get in: stop then as well.
            break
    return hypotheses
    # ✗ return [(prompt + t, s) for t, s in hypotheses] — The prompt is no part of what was found:
    #   return the new tokens only.
