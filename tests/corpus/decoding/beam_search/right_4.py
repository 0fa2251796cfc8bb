"""Beam search, object-oriented."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True)
class Beam:
    """A continuation as a linked list: its last token and the beam that it extends."""

    total: float = 0.0
    length: int = 0
    token: int | None = None
    parent: Beam | None = None

    def extend(self, token: int, log_prob: float) -> Beam:
        return Beam(self.total + log_prob, self.length + 1, token, self)

    def tokens(self) -> list[int]:
        reverse = []
        beam = self
        while beam.parent is not None:
            reverse.append(beam.token)
            beam = beam.parent
        return reverse[::-1]


@dataclass
class Result:
    size: int
    penalty: float
    found: list[tuple[list[int], float]] = field(default_factory=list)

    def value(self, total: float, length: int) -> float:
        return total / length**self.penalty

    def add(self, beam: Beam) -> None:
        # insort puts an equal one behind those already there
        insort(self.found, (beam.tokens(), self.value(beam.total, beam.length)), key=lambda h: -h[1])
        self.found = self.found[: self.size]

    def admits(self, value: float) -> bool:
        return len(self.found) < self.size or value > self.found[-1][1]


@dataclass
class Searcher:
    score: Callable
    prompt: list[int]
    eos: int
    n_beams: int
    max_new_tokens: int
    result: Result

    def is_finished(self, beam: Beam) -> bool:
        return beam.token == self.eos or beam.length >= self.max_new_tokens

    def extensions(self, live: list[Beam]) -> Iterator[Beam]:
        table = self.score([self.prompt + beam.tokens() for beam in live])
        for beam, row in zip(live, table, strict=True):
            for token in np.flatnonzero(row > -np.inf).tolist():
                yield beam.extend(token, float(row[token]))

    def step(self, live: list[Beam]) -> list[Beam]:
        ranked = sorted(self.extensions(live), key=lambda beam: beam.total, reverse=True)
        for beam in filter(self.is_finished, ranked[: self.n_beams]):
            self.result.add(beam)
        return [beam for beam in ranked if not self.is_finished(beam)][: self.n_beams]

    def hopeful(self, beam: Beam) -> bool:
        return self.result.admits(self.result.value(beam.total, self.max_new_tokens))

    def run(self) -> list[tuple[list[int], float]]:
        live = [Beam()]
        while any(map(self.hopeful, live)):
            live = self.step(live)
        return self.result.found


def beam_search(
    score: Callable[[list[list[int]]], Float64[np.ndarray, "n V"]],
    prompt: list[int],
    eos: int,
    n_beams: int,
    max_new_tokens: int,
    length_penalty: float = 1.0,
) -> list[tuple[list[int], float]]:
    """Raise ValueError if `n_beams` or `max_new_tokens` is below 1."""
    for name, value in (("n_beams", n_beams), ("max_new_tokens", max_new_tokens)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    result = Result(n_beams, length_penalty)
    return Searcher(score, prompt, eos, n_beams, max_new_tokens, result).run()
