"""Take operators away from an answer: a second look at one whose recording cannot be trusted.

A recording can be forged by whoever runs in the same process. Here an operator is replaced where
torch finds its kernels, below Python, TorchScript and every transformation, so that an answer has
to do without it. What holds the replacement is reachable from no Python object.
"""

from __future__ import annotations

import ctypes
import sys
import warnings
from collections.abc import Collection
from typing import Any, Final, NoReturn

__all__ = ["REFUSED", "refusable", "refuse"]

PREFIX: Final = "aten::"
REFUSED: Final = "this kata asks you to write what is called here"
_KEYS: Final = ("CPU", "AutogradCPU")


def refusable(names: Collection[str]) -> tuple[str, ...]:
    """Return those of a recording's names that are operators whoever calls them."""
    return tuple(name for name in names if name.startswith(PREFIX) and name != PREFIX)


def refuse(names: Collection[str]) -> None:
    """Make operators raise from now on, in this process, for good."""
    torch = sys.modules.get("torch")
    if torch is None or not names:
        return
    library = torch._C._dispatch_library("IMPL", "aten", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of every kernel that is replaced
        for name in names:
            packet = getattr(torch.ops.aten, name.removeprefix(PREFIX), None)
            for overload in packet.overloads() if packet is not None else ():
                ending = "" if overload == "default" else f".{overload}"
                for key in _KEYS:
                    library.impl(f"{name.removeprefix(PREFIX)}{ending}", key, _raise)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))  # never freed, and never to be found


def _raise(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(REFUSED)
