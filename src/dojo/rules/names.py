"""One name for what libraries show under several, and every name as good as a forbidden one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from dojo.rules.families import FAMILIES

__all__ = ["canonical", "closure", "equivalents", "lifted"]

_SHORT: Final = {"F": "torch.nn.functional", "T": "torch.Tensor", "nn": "torch.nn"}
_BESIDE_TORCH: Final = ("scipy", "numpy", "torch")
_HOLDERS: Final = (
    # the same things by other roads
    ("torch.functional", "torch"),
    ("torch._VF", "torch"),
    ("torch._C._VariableFunctions", "torch"),
    ("torch._C._nn", "torch.nn.functional"),
    ("torch._C.TensorBase", "torch.Tensor"),
    ("torch._C._TensorBase", "torch.Tensor"),
    ("torch._tensor.Tensor", "torch.Tensor"),
    ("torch.nn.Parameter", "torch.Tensor"),
    ("torch.nn.parameter.Parameter", "torch.Tensor"),
    ("torch._nn_functional", "torch.nn.functional"),
    ("scipy.linalg", "numpy.linalg"),
)


def _spell(short: str) -> str:
    """Return the full public name of the table's short one."""
    head, _, rest = short.partition(".")
    if head in _SHORT:
        return f"{_SHORT[head]}.{rest}"
    return short if head in _BESIDE_TORCH else f"torch.{short}"


def canonical(path: str) -> str:
    """Return one name for what several modules of a library show under several."""
    path = re.sub(r"^torch\..*\.torch\.", "torch.", path)  # torch.nn.functional.torch.softmax
    path = re.sub(r"\.(__dict__|__wrapped__|__call__)(?=\.|$)", "", path)
    path = re.sub(r"^torch\.nn\.(.*\.)?F\.", "torch.nn.functional.", path)
    for prefix, instead in _HOLDERS:
        if path.startswith(f"{prefix}."):
            path = instead + path[len(prefix) :]
    for module in ("special", "linalg", "fft", "sparse"):
        path = re.sub(rf"^torch\._C\._{module}\.(?:_?{module}_)?", f"torch.{module}.", path)
    leaf = path.rsplit(".", 1)[-1]
    if path.startswith("torch.nn.modules."):
        return f"torch.nn.{leaf}"
    if (
        re.match(r"torch\.(nn\.utils\.[a-z_]\w*\.|optim\.[a-z_]\w*\.[A-Z])", path)
        and "torch.optim.swa" not in path
    ):
        return f"{'.'.join(path.split('.')[: -2])}.{leaf}"
    return path


@cache
def _families() -> dict[str, tuple[str, ...]]:
    """Arrange the table by full public name."""
    found: dict[str, tuple[str, ...]] = {}
    for key, family in FAMILIES.items():
        for name in dict.fromkeys(map(_spell, family.names.split())):
            found[name] = (*found.get(name, ()), key)
    return found


def closure(name: str) -> tuple[str, ...]:
    """Return the families that a forbidden name stands for."""
    todo = list(_families().get(name, ()))
    found: list[str] = []
    while todo:
        key = todo.pop(0)
        if key not in found:
            found.append(key)
            todo += FAMILIES[key].covers.split()
    return tuple(found)


def equivalents(forbids: Sequence[str], allows: Sequence[str] = ()) -> dict[str, str]:
    """Return every public name that is as good as a forbidden one, with the forbidden one."""
    whole = lifted(forbids, allows)
    leaves = {name.rsplit(".", 1)[-1] for name in allows}
    direct = {canonical(name): name for name in forbids}
    found = dict(direct)
    for name, public in direct.items():
        for key in closure(name):
            if key in whole:
                continue
            for short in FAMILIES[key].names.split():
                found.setdefault(canonical(_spell(short)), public)
    return {n: public for n, public in found.items() if n.rsplit(".", 1)[-1] not in leaves}


def lifted(forbids: Sequence[str], allows: Sequence[str]) -> frozenset[str]:
    """Return the families that a kata allows as a whole, though a relative is forbidden."""
    kept = {key for name in forbids for key in closure(canonical(name))[:1]}
    return frozenset(key for name in allows for key in closure(canonical(name))[:1]) - kept
