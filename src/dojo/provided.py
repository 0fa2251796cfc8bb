"""What an answer may import: Python, NumPy, PyTorch and a few small libraries, and nothing else.

A library that does whole exercises (SciPy, scikit-learn, transformers, …) may lie beside them in a
development environment. Landlock closes its files; this module makes Python find none of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from types import ModuleType
from typing import Final

__all__ = ["LIBRARIES", "WORDS", "OnlyProvided", "is_provided", "is_standard"]

LIBRARIES: Final = frozenset(
    {"beartype", "einops", "jaxtyping", "numpy", "torch", "tqdm", "typing_extensions"}
)
"""What an answer may import beside the standard library, as far as it is installed."""
WORDS: Final = "an answer has Python, NumPy, PyTorch and einops"
_BENEATH: Final = frozenset(
    {
        "cuda", "dojo", "filelock", "fsspec", "functorch", "jinja2", "markupsafe", "mpmath",
        "msgspec", "networkx", "nvidia", "opt_einsum", "optree", "sympy", "torchgen", "triton",
        "wadler_lindig",
    }
)  # fmt: skip
"""What those import themselves, some of it late."""


def is_standard(module: str) -> bool:
    """Whether a module comes with Python."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top.startswith("_sysconfigdata_")


def is_provided(entry: str) -> bool:
    """Whether a module, or an entry of a packages folder, belongs to what is provided."""
    top = entry.partition(".")[0].partition("-")[0]
    return top in LIBRARIES or top in _BENEATH


class OnlyProvided:
    """Finds modules on the path as ever, but of libraries only those that are provided.

    The others are as if they were not installed, which is what those that ask for them expect.
    """

    @staticmethod
    def install() -> None:
        """Take the place of every finder but Python's own two for modules without a file."""
        kept = (BuiltinImporter, FrozenImporter)
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder in kept]
        sys.meta_path.append(OnlyProvided())

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that is provided; None for any other."""
        if is_standard(name) or is_provided(name):
            return PathFinder.find_spec(name, path, target)
        return None
