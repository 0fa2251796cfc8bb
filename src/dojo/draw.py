"""The one source of a case's inputs: reproducible on every platform, watched for changes."""

from __future__ import annotations

import hashlib
import math
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args

import numpy as np

from dojo.meter import Meter

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["Draw", "Given", "Host", "seed_of"]

Dtype = Literal["float64", "float32", "float16", "bfloat16"]
FLOATS: Final = get_args(Dtype)


class Host(Protocol):
    """Whoever keeps the objects that a case asks for with `draw.host`."""

    def __call__(self, name: str, sizes: dict[str, Any]) -> Any: ...


def seed_of(*parts: object) -> int:
    """Return a 128-bit seed that depends on every part and on nothing else."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16], "big")


@dataclass(frozen=True)
class Given:
    """An input as the learner's code received it, to be compared after the call."""

    value: Any
    before: bytes
    code: Any
    """The case's code object and the instruction that drew the input: together its place."""
    instruction: int

    @property
    def changed(self) -> bool:
        try:
            return _content(self.value) != self.before
        except Exception:  # the code has put something else in its place
            return True


@dataclass
class Draw:
    """Inputs for one case. Methods return tensors; those of `draw.numpy` return arrays.

    Floating-point tensors are float32 and arrays float64 unless `dtype` says otherwise.
    """

    seed: int
    host_at: Host | None = None
    kind: Literal["torch", "numpy", "meta"] = "torch"
    nudge: bool = False
    """Whether every input is off by a rounding error of its own precision."""
    given: list[Given] = field(default_factory=list)
    weighed: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """Names and shapes of every parameter that `weights` has set."""
    met: list[bool] = field(default_factory=list)
    """Not empty once inputs on the meta device were asked for."""
    meter: Meter | None = None
    """What counts the cost of a case that has a budget for it."""
    luck: int = 0
    """Another number gives generators other seeds, and leaves all other inputs as they are."""

    def __post_init__(self) -> None:
        self._rng = np.random.Generator(np.random.PCG64(self.seed))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Say which words there are, for one that there is not."""
            if name.startswith("_"):
                raise AttributeError(name)
            *words, last = (
                word
                for word, value in vars(Draw).items()
                if word[0] != "_" and (callable(value) or isinstance(value, property))
            )
            raise AttributeError(f"draw has no `{name}`: there are {', '.join(words)} and {last}")

    @property
    def numpy(self) -> Draw:
        """The same source, returning NumPy arrays."""
        return self._as("numpy")

    @property
    def meta(self) -> Draw:
        """The same source, returning tensors on the meta device: shape and dtype, no values.

        With them, code that makes a tensor on another device than its input's is found out.
        """
        self.met.append(True)
        return self._as("meta")

    def _as(self, kind: Literal["numpy", "meta"]) -> Draw:
        other = replace(self, kind=kind)
        other._rng = self._rng
        return other

    def normal(
        self, *shape: int, scale: float = 1.0, dtype: Dtype | torch.dtype | None = None
    ) -> Any:
        """Draw from a normal distribution with mean 0 and standard deviation `scale`."""
        kind = self._floating(dtype, "normal")
        return self._give(scale * self._rng.standard_normal(shape), kind)

    def zeros(self, *shape: int, dtype: Dtype | torch.dtype | None = None) -> Any:
        """Return zeros, watched like everything drawn."""
        return self._give(np.zeros(shape), self._floating(dtype, "zeros"))

    def uniform(
        self,
        *shape: int,
        low: float = 0.0,
        high: float = 1.0,
        dtype: Dtype | torch.dtype | None = None,
    ) -> Any:
        """Draw uniformly from [low, high)."""
        kind = self._floating(dtype, "uniform")
        return self._give(low + (high - low) * self._rng.random(shape), kind)

    def integers(self, *shape: int, low: int = 0, high: int) -> Any:
        """Draw int64 values uniformly from low … high − 1."""
        return self._give(self._rng.integers(low, high, shape), None)

    def booleans(self, *shape: int, p: float = 0.5) -> Any:
        """Draw booleans that are True with probability `p`."""
        return self._give(self._rng.random(shape) < p, None)

    def permutation(self, n: int) -> Any:
        """Draw an order of 0 … n − 1, as int64."""
        return self._give(self._rng.permutation(n), None)

    def rng(self, *, exact: bool = False) -> np.random.Generator:
        """Return a generator of its own for code that takes one.

        What code makes of it is random, and returned as `samples(…)`. `exact` says that it is not:
        the statement fixes which numbers are drawn, and in what order.
        """
        return np.random.Generator(np.random.PCG64(self._fresh_seed(exact)))

    def generator(self, *, exact: bool = False) -> torch.Generator:
        """Return a torch generator of its own for code that takes one; `exact` as in `rng`."""
        import torch

        return torch.Generator().manual_seed(self._fresh_seed(exact))

    def _fresh_seed(self, exact: bool) -> int:
        seed = int(self._rng.integers(2**63))
        return seed_of(seed, self.luck) % 2**63 if self.luck and not exact else seed

    def weights(self, module: Any, dtype: Dtype | torch.dtype | None = None) -> Any:
        """Overwrite every parameter of a module with drawn values and return the module.

        Values depend on a parameter's name and shape, not on the order of registration.
        Matrices keep the scale of their input, so that no output vanishes or explodes.
        """
        import torch

        if kind := self._floating(dtype, "weights"):
            module.to(getattr(torch, kind))
        if self.kind == "meta":
            module.to("meta")
        base = int(self._rng.integers(2**63))
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                shape = tuple(parameter.shape)
                rng = np.random.Generator(np.random.PCG64(seed_of(base, name, shape)))
                fan_in = math.prod(shape[1:]) if len(shape) > 1 else 4
                values = np.asarray(rng.standard_normal(shape) / math.sqrt(max(fan_in, 1)))
                eps = torch.finfo(parameter.dtype).eps
                parameter.copy_(torch.from_numpy(self._nudged(values, eps)))
                self.weighed.append((name, shape))
        return module

    @staticmethod
    def gradients(module: Any) -> dict[str, Any]:
        """Return every parameter's gradient by name; None where none has arrived."""
        return {name: parameter.grad for name, parameter in module.named_parameters()}

    def backward(self, *outputs: Any) -> None:
        """Send a drawn cotangent back through each output, all in one pass.

        An output that carries no gradient is left out, and what it should have reached gets None.
        """
        terms = []
        for output in outputs:
            dtype = str(output.dtype).removeprefix("torch.")
            cotangent = self._give(self._rng.standard_normal(tuple(output.shape)), dtype)
            if output.requires_grad:
                terms.append((output * cotangent).sum())
        if terms:
            sum(terms).backward()

    def measured(self) -> AbstractContextManager[None]:
        """Count the cost of the `with` block alone, in a case that has a budget.

        Without it the whole case counts. With several, flops, elements and steps add up and the
        largest peak counts; each peak is of the memory that is made in its own block.
        """
        return self.meter.span() if self.meter is not None else nullcontext()

    def host(self, cls: type, **sizes: Any) -> Any:
        """Let the parent process build `cls(draw, **sizes)`; its methods are called over a pipe.

        The class is one of the grader's own, at module level, and needs NumPy at most. What its
        `observed` method returns at the end becomes part of the case's observation.
        """
        if self.host_at is None:
            raise RuntimeError("a hosted object cannot host another one")
        return self.host_at(cls.__name__, sizes)

    def _floating(self, dtype: object, method: str) -> str | None:
        """Return the name of a dtype, be it a word, torch's or NumPy's; None stays None."""
        if dtype is None:
            return None
        name = str(getattr(dtype, "__name__", dtype)).removeprefix("torch.")
        arrays = self.kind == "numpy" and method != "weights"
        known = FLOATS[:3] if arrays else FLOATS  # NumPy lacks bfloat16
        if name not in known:
            source = "draw" if self.kind == "torch" else f"draw.{self.kind}"
            *words, last = (f'"{word}"' for word in known)
            raise TypeError(
                f"{source}.{method} takes dtype={', '.join(words)} or {last}, not {name[:80]}"
            )
        return name

    def _give(self, values: Any, dtype: str | None) -> Any:
        given: Any = np.asarray(values)
        floating = given.dtype.kind == "f"
        if self.kind == "numpy":
            kind = np.dtype(dtype or "float64")
            if floating:
                given = self._nudged(given, float(np.finfo(kind).eps)).astype(kind)
        else:
            import torch

            target = getattr(torch, dtype or "float32")
            if floating:
                given = torch.from_numpy(self._nudged(given, torch.finfo(target).eps)).to(target)
            else:
                given = torch.from_numpy(given)
            if self.kind == "meta":
                return given.to("meta")
        frame: FrameType = sys._getframe(2)
        self.given.append(Given(given, _content(given), frame.f_code, frame.f_lasti))
        return given

    def _nudged(self, values: NDArray[np.float64], eps: float) -> NDArray[np.float64]:
        """Move each value up or down by `eps` of itself, if this draw is asked to.

        The directions depend on the values, so that two inputs of one shape move apart.
        """
        if not self.nudge:
            return values
        digest = hashlib.sha256(values.tobytes()).digest()
        rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
        return np.asarray(values * (1 + rng.choice((-eps, eps), values.shape)))


def _content(value: Any) -> bytes:
    """Return shape, dtype and the bytes of an array or tensor, so that NaN equals itself."""
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype} ".encode() + value.tobytes()
    import torch

    with torch._C.DisableTorchFunction():  # a listener costs more than the reading
        plain = value.detach()
        kind = f"{tuple(plain.shape)} {plain.dtype} ".encode()
        plain = plain.view(torch.int16) if plain.dtype is torch.bfloat16 else plain
        return bytes(kind + torch._C.TensorBase.numpy(plain).tobytes())
