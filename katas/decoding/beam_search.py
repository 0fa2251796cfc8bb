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
    raise NotImplementedError
