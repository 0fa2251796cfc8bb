"""scaled_dot_product_attention agrees with torch's."""

from __future__ import annotations

import doctest
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

SIZES = [((), 4, 6, 5, 3), ((3,), 2, 5, 8, 7), ((2, 4), 3, 5, 6, 1), ((1,), 1, 1, 1, 2)]


def _attend(*qkv: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[Any]:
    q, k, v = map(torch.from_numpy, qkv)
    allowed = None if mask is None else torch.from_numpy(mask)
    result = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
    return np.asarray(result.numpy())


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("batch", "T", "S", "d", "d_v"), SIZES)
def test_output(
    solution: ModuleType, batch: tuple[int, ...], T: int, S: int, d: int, d_v: int, masked: bool
) -> None:
    """The output is torch's, rows that may look at nothing included."""
    rng = np.random.default_rng(T * S)
    q, k, v = (rng.normal(size=(*batch, *shape)) for shape in ((T, d), (S, d), (S, d_v)))
    mask = rng.random((*batch, T, S)) < 0.4 if masked else None
    output, weights = solution.scaled_dot_product_attention(q, k, v, mask)
    np.testing.assert_allclose(output, _attend(q, k, v, mask=mask), atol=1e-12)
    identity = np.broadcast_to(np.eye(S), (*batch, S, S)).copy()
    np.testing.assert_allclose(weights, _attend(q, k, identity, mask=mask), atol=1e-12)


def test_single_precision(solution: ModuleType) -> None:
    """Single precision goes in and comes out."""
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(2, 5, 3)).astype(np.float32) for _ in range(3))
    output, weights = solution.scaled_dot_product_attention(q, k, v)
    assert np.float32 == output.dtype == weights.dtype
    np.testing.assert_allclose(output, _attend(q, k, v, mask=None), rtol=1e-5)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
