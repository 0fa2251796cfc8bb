"""softmax agrees with scipy.special.softmax."""

from __future__ import annotations

import doctest
from types import ModuleType

import numpy as np
import pytest
import scipy.special

SIZES = [((7,), 0), ((3, 5), 0), ((3, 5), -1), ((2, 4, 3), 1), ((1, 1), 0), ((2, 3, 4, 5), -3)]


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
@pytest.mark.parametrize(("shape", "axis"), SIZES)
def test_output(solution: ModuleType, shape: tuple[int, ...], axis: int, shift: float) -> None:
    """Weights are SciPy's, also for scores that overflow an exponential."""
    x = shift + 10 * np.random.default_rng(len(shape)).standard_normal(shape)
    expected = scipy.special.softmax(x, axis=axis)
    np.testing.assert_allclose(solution.softmax(x, axis=axis), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float32", "float16"])
def test_dtypes(solution: ModuleType, dtype: str) -> None:
    """Floats keep their dtype, and integers are what SciPy makes of the same numbers as floats."""
    x = np.random.default_rng(0).integers(0, 120, (4, 6)).astype(dtype)
    got = solution.softmax(x, axis=0)
    assert (np.dtype(dtype) if dtype.startswith("f") else np.float64) == got.dtype
    expected = scipy.special.softmax(x.astype("float64"), axis=0)
    np.testing.assert_allclose(got, expected, atol=1e-3 if dtype == "float16" else 1e-6)


def test_minus_infinity(solution: ModuleType) -> None:
    """SciPy agrees where anything is finite; where nothing is, weights are zero and not NaN."""
    x = np.array([[-np.inf, 1.0, 3.0], [-np.inf] * 3, [-np.inf, -np.inf, 2.0]])
    with np.errstate(invalid="ignore"):
        expected = np.nan_to_num(scipy.special.softmax(x, axis=1), nan=0.0)
    np.testing.assert_allclose(solution.softmax(x, axis=1), expected)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
