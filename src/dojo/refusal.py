"""Take what is forbidden away from an answer before it is loaded: using it raises.

Operators are replaced where torch finds its kernels, below Python, TorchScript and every
transformation, and what holds the replacement is reachable from no Python object. Modules,
optimisers and functions that Python code makes up of allowed operators are spoilt in place, for
whoever has kept them too; the code that they had is gone.
"""

from __future__ import annotations

import ctypes
import sys
import warnings
from collections.abc import Collection, Sequence
from types import FunctionType
from typing import Any, Final, NoReturn

__all__ = ["REFUSED", "find", "refusable", "refuse"]

PREFIX: Final = "aten::"
REFUSED: Final = "this kata asks you to write what is called here"
_KEYS: Final = (
    "CPU", "AutogradCPU", "SparseCPU", "SparseCsrCPU",
    "CompositeImplicitAutograd", "CompositeExplicitAutograd",
)  # fmt: skip
"""Dispatch keys: of what takes tensors in memory, and of recipes, for whoever asks by key."""
_METHODS: Final = ("__init__", "forward", "step", "_call")


def refusable(names: Collection[str]) -> tuple[str, ...]:
    """Return those of a recording's names that can be taken away, whoever calls them."""
    kinds = (PREFIX, "call:", "module:")
    return tuple(name for name in names if name.startswith(kinds) and name != PREFIX)


def refuse(names: Collection[str]) -> None:
    """Make operators, functions and modules raise from now on, in this process, for good."""
    torch = sys.modules.get("torch")
    if torch is None or not names:
        return
    _refuse_operators(torch, [n.removeprefix(PREFIX) for n in names if n.startswith(PREFIX)])
    for name in names:
        kind, _, public = name.partition(":")
        found = find(torch, public) if kind in ("call", "module") else None
        if isinstance(found, FunctionType):
            _spoil(found)
        elif isinstance(found, type):
            for method in _METHODS:
                if method in vars(found):
                    setattr(found, method, _raise)
    # An operator made of others can be asked for its recipe, which runs beside the kernels.
    torch._ops.OpOverload.decompose = _raise


def _spoil(function: Any) -> None:
    """Give a function a code that raises; of a decorated one, what it stands around."""
    while isinstance(function, FunctionType):
        if not function.__code__.co_freevars:
            function.__code__ = _raise.__code__
        function = getattr(function, "__wrapped__", None)


def find(torch: Any, name: str) -> Any:
    """Return what a public name of torch stands for, or None."""
    found = torch
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def _refuse_operators(torch: Any, names: Sequence[str]) -> None:
    library = torch._C._dispatch_library("IMPL", "aten", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of every kernel that is replaced
        for name in names:
            for overload in _overloads(torch, name):
                for key in _KEYS:
                    library.impl(f"{name}.{overload}" if overload else name, key, _raise)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))  # never freed, and never to be found


def _overloads(torch: Any, name: str) -> Sequence[str]:
    """Return the overloads of an operator; the first often has no name. None, if it is unknown."""
    found: tuple[Any, Sequence[str]] | None = torch._C._jit_get_operation(f"{PREFIX}{name}")
    return found[1] if found and found[0] is not None else ()


def _raise(*_: Any, **__: Any) -> NoReturn:
    # The text stands here once more: this code is put into functions of other modules.
    raise RuntimeError("this kata asks you to write what is called here")
