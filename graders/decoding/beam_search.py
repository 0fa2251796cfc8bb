"""What beam_search must do."""

import operator
import zlib

import numpy as np

from dojo import Kata, case

kata = Kata(
    minutes=40,
    level="hard",
    asked="Write beam search over a given scoring function, with a length penalty.",
    asked_zh="给定打分函数，手写带长度惩罚的束搜索（beam search）。",
    hints=(
        "Take one prompt and two beams on paper. After one step there are 2·V extensions: which of "
        "them live on, and what if the best of all ends the sentence?",
        "Keep two lists: live beams with the plain sum of their log-probabilities, and hypotheses "
        "with their final score. Among the n_beams best extensions and the n_beams best unfinished "
        "ones there may be different ones, so cut twice.",
        "Each step: one call for all live beams, rank every possible extension, move the finished "
        "among the best to the hypotheses, refill the live beams, cut the hypotheses. Then bound "
        "what the best live beam may reach: its sum can only fall, its length can only grow.",
    ),
    follow_ups={
        "What does it cost?": (
            "At most n_beams·max_new_tokens scored prefixes, and per step a selection among "
            "n_beams·V numbers: O(n_beams·V) with a partial sort. With a key-value cache each "
            "scored prefix costs one token, and the cache must be reordered with the beams."
        ),
        "Why a length penalty at all?": (
            "Every token adds a negative number, so plain sums prefer short outputs, more so the "
            "wider the beam. Dividing by length**1 compares average log-probabilities; exponents "
            "between 0 and 1 are usual in translation."
        ),
        "Why do libraries take the 2·n_beams best extensions at each step?": (
            "With one end token, each of n_beams beams yields at most one finished extension. So "
            "among the 2·n_beams best at least n_beams are unfinished, and nothing else needs to "
            "be sorted."
        ),
        "Does it find the most likely sequence?": (
            "Only if the beam is as wide as the tree. A prefix that drops out never comes back, "
            "though its continuation may be the best. A wider beam finds more likely sequences, "
            "but these are not always better: in translation and open-ended text they get short, "
            "dull or repetitive."
        ),
        "When is it safe to stop early if the length penalty is negative?": (
            "Then long hypotheses lose by their length as well, so a live beam can at best be "
            "finished by a certain token at the next step: its bound takes the smallest possible "
            "length in place of the greatest."
        ),
    },
    source="Wu et al. 2016, arXiv:1609.08144, §7, with a power of the length as penalty",
)


N_ROWS = 1024  # drawn at once: a generator for each prefix would take most of the time


class Scorer:
    """A language model whose next token depends on every token before it, and on their order."""

    def __init__(self, draw, V, eos, scale=2.0, boost=2.0, loss=0.0, impossible=0.0, levels=0):
        rng, self._V = draw.rng(), V
        if levels:  # few values, so that many sums are exactly equal
            self._rows = -1.0 - rng.integers(levels, size=(N_ROWS, V))
            return
        logits = scale * rng.standard_normal((N_ROWS, V))
        logits[:, eos] += boost
        logits -= logits.max(axis=1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)) - loss
        self._rows = np.where(rng.random((N_ROWS, V)) < impossible, -np.inf, log_p)

    def __call__(self, prefixes):
        """Return log-probabilities of the next token for every prefix."""
        if not isinstance(prefixes, list | tuple | np.ndarray):
            raise TypeError("score takes a list of prefixes, each of them a list of token ids")
        if len(prefixes) > 1000:
            raise ValueError(f"{len(prefixes)} prefixes in one call: no beam here is so wide")
        return self._rows[[self._place(self._read(p)) for p in prefixes]]

    def _read(self, prefix):
        try:
            if len(prefix) > 1000:
                raise ValueError(f"a prefix of {len(prefix)} tokens: no search here goes so deep")
            tokens = [operator.index(token) for token in prefix]
        except TypeError:
            raise TypeError("each prefix must be a list of integer token ids") from None
        for token in tokens:
            if not 0 <= token < self._V:
                raise ValueError(f"token {token} does not exist: there are {self._V}")
        return tokens

    def _place(self, tokens):
        return zlib.crc32(repr(tokens).encode()) % N_ROWS


class CountingScorer(Scorer):
    """The same, and it reports what it was asked."""

    def __init__(self, draw, **sizes):
        super().__init__(draw, **sizes)
        self._calls = self._prefixes = 0

    def __call__(self, prefixes):
        """Count a call and its prefixes."""
        rows = super().__call__(prefixes)
        self._calls += bool(len(rows))
        self._prefixes += len(rows)
        return rows

    def observed(self):
        return {"calls": self._calls, "prefixes": self._prefixes}


def search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty):
    """Continue five prompts of different lengths."""
    found = []
    for length in (4, 1, 7, 2, 5):
        prompt = draw.numpy.integers(length, high=V).tolist()
        args = prompt, eos, n_beams, max_new_tokens, length_penalty
        found.append(plain(kata.beam_search(score, *args)))
    return found


def plain(value):
    """Read lists and tuples alike, and NumPy's numbers as Python's."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


@case(V=11, eos=4, n_beams=3, max_new_tokens=6, length_penalty=0.7)
@case(V=29, eos=28, n_beams=5, max_new_tokens=9, length_penalty=1.6)
@case(V=7, eos=0, n_beams=4, max_new_tokens=5, length_penalty=0.0)
@case(V=5, eos=2, n_beams=3, max_new_tokens=1, length_penalty=1.0)
def hypotheses(kata, draw, V, eos, n_beams, max_new_tokens, length_penalty):
    """finds the best hypotheses and their scores, best first"""
    score = draw.host(Scorer, V=V, eos=eos)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty)


@case(V=6, eos=4, max_new_tokens=8, length_penalty=0.9)
def greedy(kata, draw, V, eos, max_new_tokens, length_penalty):
    """follows the best unfinished extension with a single beam, and leaves the scores unchanged"""
    table = draw.numpy.uniform(97, V, low=-3.0, high=0.0)

    def score(prefixes):
        places = [zlib.crc32(repr(plain(list(prefix))).encode()) % 97 for prefix in prefixes]
        return table[places[0]][None] if len(places) == 1 else table[places]  # a view, if it can be

    return search(kata, draw, score, V, eos, 1, max_new_tokens, length_penalty)


@case(V=3, eos=1, n_beams=7, max_new_tokens=4, length_penalty=1.2)
@case(V=4, eos=3, n_beams=4, max_new_tokens=6, length_penalty=0.5)
@case(V=2, eos=0, n_beams=5, max_new_tokens=2, length_penalty=1.0)
def few_tokens(kata, draw, V, eos, n_beams, max_new_tokens, length_penalty):
    """copes with a vocabulary no larger than the beam"""
    score = draw.host(Scorer, V=V, eos=eos)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty)


@case(V=6, eos=5, n_beams=7, max_new_tokens=5, length_penalty=0.8, share=0.75)
@case(V=4, eos=0, n_beams=5, max_new_tokens=3, length_penalty=1.5, share=0.6)
def impossible(kata, draw, V, eos, n_beams, max_new_tokens, length_penalty, share):
    """never chooses an impossible token, even if too few hypotheses or none are left"""
    score = draw.host(Scorer, V=V, eos=eos, impossible=share)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty)


@case(V=8, eos=3, n_beams=5, max_new_tokens=4, levels=3, length_penalty=0.0)
@case(V=55, eos=1, n_beams=6, max_new_tokens=4, levels=1, length_penalty=0.0)
@case(V=3, eos=0, n_beams=5, max_new_tokens=14, levels=3, length_penalty=1.0)
@case(V=4, eos=0, n_beams=12, max_new_tokens=12, levels=4, length_penalty=1.0)
@case(V=5, eos=0, n_beams=7, max_new_tokens=14, levels=5, length_penalty=1.0)
def ties(kata, draw, V, eos, n_beams, max_new_tokens, levels, length_penalty):
    """settles equal sums by beam and then token, equal scores by which came first"""
    score = draw.host(Scorer, V=V, eos=eos, levels=levels)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty)


@case(V=9, eos=2, n_beams=3, max_new_tokens=14, length_penalty=1.3, loss=9e4, scale=2.0)
@case(V=7, eos=3, n_beams=4, max_new_tokens=5, length_penalty=0.8, loss=0.0, scale=1e12)
def underflow(kata, draw, V, eos, n_beams, max_new_tokens, length_penalty, loss, scale):
    """adds logarithms in float64, where a product of probabilities would be zero"""
    score = draw.host(Scorer, V=V, eos=eos, loss=loss, scale=scale)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty)


@case(V=10, eos=7, n_beams=4, max_new_tokens=5)
def prompts(kata, draw, V, eos, n_beams, max_new_tokens):
    """takes an empty prompt or one that holds the end token, and leaves it unchanged"""
    score = draw.host(Scorer, V=V, eos=eos)
    prompts = [[], [eos], [3, eos, 5], [1, 8, 2, 0, eos]]
    found = [plain(kata.beam_search(score, p, eos, n_beams, max_new_tokens)) for p in prompts]
    return {"found": found, "prompts": prompts}


@case(V=8, eos=5, n_beams=3, max_new_tokens=14, length_penalty=1.3, boost=3.0)
@case(V=20, eos=1, n_beams=2, max_new_tokens=12, length_penalty=1.0, boost=5.0)
def overtaking(kata, draw, V, eos, n_beams, max_new_tokens, length_penalty, boost):
    """goes on while a live beam can still overtake the hypotheses so far"""
    score = draw.host(Scorer, V=V, eos=eos, scale=3.0, boost=boost)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty)


@case(V=12, eos=9, n_beams=3, max_new_tokens=11, budget={"calls": 1, "prefixes": 1})
@case(V=15, eos=0, n_beams=2, max_new_tokens=10, budget={"calls": 1, "prefixes": 1})
@case(V=3, eos=1, n_beams=5, max_new_tokens=8, budget={"calls": 1, "prefixes": 1})
def cost(kata, draw, V, eos, n_beams, max_new_tokens):
    """scores each live beam once, all in one call, and stops when none can change the result"""
    score = draw.host(CountingScorer, V=V, eos=eos, boost=3.0)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty=0.6)


@case(V=5, eos=2, n_beams=3, max_new_tokens=7, levels=2, budget={"calls": 1, "prefixes": 1})
def cost_of_ties(kata, draw, V, eos, n_beams, max_new_tokens, levels):
    """stops when live beams can only draw level with what was found before them"""
    score = draw.host(CountingScorer, V=V, eos=eos, levels=levels)
    return search(kata, draw, score, V, eos, n_beams, max_new_tokens, length_penalty=0.0)


@case(n_beams=0, max_new_tokens=3, raises=ValueError)
@case(n_beams=2, max_new_tokens=0, raises=ValueError)
def refused(kata, draw, n_beams, max_new_tokens):
    """refuses a beam without width and a search without steps"""
    kata.beam_search(draw.host(Scorer, V=5, eos=0), [1], 0, n_beams, max_new_tokens)
