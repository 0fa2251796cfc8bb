"""What is forbidden, arranged for looking up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dojo.rules.names import canonical, closure, equivalents
from dojo.rules.operators import forbidden_operators

__all__ = ["Forbidden"]

WORKING: Final = frozenset({"einops", "numpy", "torch"})
"""The libraries that do the work, of which a kata may list all that is allowed."""
_BENEATH: Final = tuple(
    f"torch.{name}." for name in ("_C", "_VF", "_decomp", "_prims", "_refs", "_numpy")
)
"""Where torch keeps its operators once more, under their own names."""

_COMMON_METHODS: Final = frozenset(
    name for kind in (list, dict, str, set, bytes, tuple, int, float) for name in dir(kind)
)


@dataclass(frozen=True)
class Forbidden:
    """What is forbidden, arranged for looking up."""

    names: Mapping[str, str]
    operators: Mapping[str, str]
    methods: Mapping[str, str]
    """Methods of tensors, by their own name."""
    maybe_methods: Mapping[str, str]
    """Methods that lists or other objects may have as well."""
    leaves: Mapping[str, str]
    only: frozenset[str] = frozenset()
    """All that is allowed of the libraries that do the work; anything where it is empty."""

    @classmethod
    def of(
        cls, forbids: Sequence[str], allows: Sequence[str], only: Sequence[str] = ()
    ) -> Forbidden:
        """Arrange what a kata forbids, or all that it allows."""
        return cls._of(tuple(forbids), tuple(allows), tuple(only))

    @classmethod
    @lru_cache(maxsize=256)
    def _of(
        cls, forbids: tuple[str, ...], allows: tuple[str, ...], only: tuple[str, ...]
    ) -> Forbidden:
        names = equivalents(forbids, allows)
        operators = {}
        for key, public in forbidden_operators(forbids, allows).items():
            _, _, name = key.rpartition("aten::")
            if "aten::" in key:
                operators[name] = public
        methods, maybe, leaves = {}, {}, {}
        for name, public in names.items():
            holder, _, leaf = name.rpartition(".")
            if holder == "torch.Tensor":
                methods[leaf] = public
            elif holder == "torch" and not closure(name) and leaf not in _COMMON_METHODS:
                maybe[leaf] = public
            leaves[leaf] = public
        return cls(names, operators, methods, maybe, leaves, frozenset(map(canonical, only)))

    def of_path(self, path: str) -> tuple[str, bool] | None:
        """Return the forbidden name that a dotted path stands for, and whether that is certain."""
        if self.only:
            return None if "." not in path or self._is_listed(path) else (canonical(path), True)
        found = self._exact(path)
        if found is not None:
            return found
        library, _, _ = path.partition(".")
        leaf = path.rsplit(".", 1)[-1]
        public = self.leaves.get(leaf)
        if public is None or not public.startswith(f"{library}."):
            return None
        return public, leaf[:1].isupper()  # torch.ao.nn.quantizable.LSTM

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries of which something is forbidden."""
        if self.only:
            return WORKING
        return frozenset(public.partition(".")[0] for public in self.names.values())

    def _is_listed(self, path: str) -> bool:
        """Whether a path is allowed, or only leads to what is."""
        parts = canonical(path).split(".")
        if parts[0] not in WORKING:
            return True
        if any(".".join(parts[:n]) in self.only for n in range(1, len(parts) + 1)):
            return True
        return any(name.startswith(".".join((*parts, ""))) for name in self.only)

    def _exact(self, path: str) -> tuple[str, bool] | None:
        if path.startswith("torch.ops."):
            parts = path.split(".")
            public = self.operators.get(parts[3]) if len(parts) > 3 else None
            return (public, True) if public else None
        name = canonical(path)
        if name in self.names:
            return self.names[name], True
        parts = name.split(".")
        if len(parts) > 3 and ".".join(parts[:-1]) in self.names:
            return self.names[".".join(parts[:-1])], True  # torch.nn.LSTM.forward
        if path.startswith(_BENEATH) and parts[-1] in self.operators:
            return self.operators[parts[-1]], True
        return None
