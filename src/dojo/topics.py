"""What the katas of a topic forbid unless they say otherwise, so that graders stay short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["FORBIDDEN", "forbidden_in"]

FORBIDDEN: Final[Mapping[str, tuple[str, ...]]] = {
    "attention": (
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.MultiheadAttention",
        "torch.nn.functional.multi_head_attention_forward",
    ),
    "losses": (
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.functional.kl_div",
    ),
    "normalization": ("torch.nn.functional.layer_norm", "torch.nn.functional.rms_norm"),
    "optimization": ("torch.optim.SGD", "torch.optim.Adam", "torch.optim.Adagrad"),
    "recurrent": ("torch.nn.LSTM", "torch.nn.GRU", "torch.nn.RNN"),
    "transformer": ("torch.nn.Transformer",),
}
"""Each stands for what does the same as well: see `rules.families`."""


def forbidden_in(topic: str, forbids: Sequence[str], allows: Sequence[str]) -> tuple[str, ...]:
    """Join what a kata forbids itself with what its topic does; what it allows is left out."""
    allowed = set(map(_stem, allows))
    usual = (name for name in FORBIDDEN.get(topic, ()) if _stem(name) not in allowed)
    return tuple(dict.fromkeys((*forbids, *usual)))


def _stem(name: str) -> str:
    """Return what `torch.nn.LayerNorm` and `torch.nn.functional.layer_norm` have in common."""
    return name.rpartition(".")[2].replace("_", "").lower()
