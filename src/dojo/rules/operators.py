"""What a run must not show: the operators by which a forbidden function betrays itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

from dojo.rules.families import FAMILIES, SILENT
from dojo.rules.names import canonical, closure, equivalents, lifted

__all__ = ["ANY", "forbidden_operators"]


ANY: Final = "aten::"
"""What no operator is called: to ask for it is to have them counted."""


def forbidden_operators(
    forbids: Sequence[str], allows: Sequence[str] = (), only: Sequence[str] = ()
) -> dict[str, str]:
    """Return what a run must not show, each with the public name that betrays itself by it.

    Names are the profiler's (`aten::_softmax`), or begin with a word that `recording` explains:
    `direct:`, `gradient:`, `tangent:`, `call:` and `module:`.
    """
    return dict(_shown(tuple(forbids), tuple(allows), tuple(only)))


@lru_cache(maxsize=256)
def _shown(
    forbids: tuple[str, ...], allows: tuple[str, ...], only: tuple[str, ...]
) -> dict[str, str]:
    if only and not any(name.partition(".")[0] == "torch" for name in only):
        return {ANY: "torch"}
    whole = lifted(forbids, allows)
    found: dict[str, str] = {}
    for name in forbids:
        families = closure(canonical(name))
        shown = [op for key in families if key not in whole for op in _operators_of(key)]
        for operator in shown if families else _guess(canonical(name)):
            found.setdefault(_operator(operator), name)
    for name, public in equivalents(forbids, allows).items():
        is_class = re.match(r"torch\.(nn|optim)\.[A-Z]\w*$", name)
        if is_class and not set(closure(name)[:1]) - SILENT:
            found.setdefault(f"module:{name}", public)
    return {key: public for key, public in found.items() if not _is_allowed(key, allows, whole)}


def _is_allowed(key: str, allows: Sequence[str], whole: Collection[str]) -> bool:
    """Whether an operator is one that an allowed function reaches."""
    if any(key == _operator(op) for family in whole for op in _operators_of(family)):
        return True
    leaves = (name.rsplit(".", 1)[-1] for name in allows)
    stem = key.rsplit(":", 1)[-1].rpartition(".")[2]
    return any(
        re.fullmatch(rf"_?{re.escape(leaf)}(_nd|_forward|2d_forward)?", stem) for leaf in leaves
    )


def _operators_of(family: str) -> list[str]:
    return FAMILIES[family].operators.split()


def _operator(short: str) -> str:
    kind, colon, name = short.rpartition(":")
    if kind in ("gradient", "call", "module"):
        return short
    return f"{kind}{colon}aten::{name}"


def _guess(name: str) -> list[str]:
    """Return the operators of a function that no family lists: its own, called directly."""
    match = re.match(r"torch\.(?:(Tensor|nn\.functional|linalg|special|fft)\.)?([a-z]\w*)$", name)
    if match is None:
        return []
    module, leaf = match.groups()
    stem = leaf if module in (None, "Tensor", "nn.functional") else f"{module}_{leaf}"
    return [f"direct:{stem}", f"direct:{stem.removesuffix('_')}_", f"call:{name}"]
