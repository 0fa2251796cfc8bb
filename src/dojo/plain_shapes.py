"""Stand in for SymPy, and for the part of torch that reasons with it about sizes it does not know.

Torch asks, for every tensor on the meta device and every gradient that is handed over, whether a
size is what it should be. Importing those two for that takes a fifth as long as torch itself. Here
every size is a number, and nothing needs to be derived. Whoever wants more of one of them gets the
real module, at its price.
"""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Callable
from functools import partial, reduce
from types import ModuleType
from typing import Any, Final

__all__ = ["SHAPES", "SYMPY", "install"]

SHAPES: Final = "torch.fx.experimental.symbolic_shapes"
SYMPY: Final = "sympy"

_TRUTHS: Final[dict[str, Callable[..., Any]]] = {
    "expect_true": lambda truth, skip=0: truth,
    "guard_or_false": lambda truth: truth,
    "guard_or_true": lambda truth: truth,
    "guard_size_oblivious": lambda truth: truth,
    "statically_known_false": operator.not_,
    "statically_known_true": lambda truth: truth,
    "sym_and": lambda *truths: reduce(operator.and_, truths),
    "sym_or": lambda *truths: reduce(operator.or_, truths),
}
"""What is answered if every argument is True or False."""
_SIZES: Final[dict[str, Callable[..., Any]]] = {
    "guard_int": lambda size: size,
    "guarding_hint_or_throw": lambda size: size,
    "has_guarding_hint": lambda size: True,
    "is_nested_int": lambda size: False,
}
"""What is answered if the argument is a plain integer."""


def install() -> None:
    """Take the place of the real modules, unless they have been imported already."""
    if SYMPY not in sys.modules:
        _stand_in(SYMPY, {"Basic": type("Basic", (), {})})  # no size and no value is one
    if SHAPES not in sys.modules:
        importlib.import_module("torch.fx.experimental._config")
        answers = {
            name: partial(_answer, name, kind, work)
            for kind, table in ((bool, _TRUTHS), (int, _SIZES))
            for name, work in table.items()
        }
        _stand_in(SHAPES, {**answers, "sym_eq": _equal})


def _stand_in(name: str, content: dict[str, Any]) -> None:
    """Put a module in the place of another one, until somebody wants more of it than this."""
    module = ModuleType(name)

    def look_up(attribute: str) -> Any:
        is_folder = name == SYMPY and attribute == "__path__"
        if attribute.startswith("__") and not is_folder:
            raise AttributeError(attribute)
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    vars(module).update(content, __getattr__=look_up)
    package, _, last = name.rpartition(".")
    if package:
        setattr(sys.modules[package], last, module)
    sys.modules[name] = module


def _real(name: str) -> Any:
    """Return a function of the real module, which takes its place again."""
    module = sys.modules[SHAPES]
    return module.__getattr__(name) if "__getattr__" in vars(module) else getattr(module, name)


def _answer(name: str, kind: type, work: Callable[..., Any], *asked: Any, **named: Any) -> Any:
    if asked and not named and all(type(argument) is kind for argument in asked):
        return work(*asked)
    return _real(name)(*asked, **named)


def _equal(one: Any, other: Any) -> Any:
    if type(one) is int and type(other) is int:
        return one == other
    if _are_plain(one) and _are_plain(other):
        return tuple(one) == tuple(other)
    return _real("sym_eq")(one, other)


def _are_plain(sizes: Any) -> bool:
    return isinstance(sizes, tuple | list) and all(type(size) is int for size in sizes)
