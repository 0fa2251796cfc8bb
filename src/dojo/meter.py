"""Count, in the learner's process, what a case spends: the same numbers on every run.

`flops`, `elements` and `peak` come from a listener below autograd, which sees every operator with
its tensors. `torch.utils.flop_counter` would know the products, and nothing else: it needs the
compiler (1.2 s more to import), it follows no memory, and to it whatever is not a product is free,
so that a product written as a broadcast and a sum costs nothing. Here every operator has its price.

Like all that is measured beside an answer this is advice: determined code can work out of sight.
It leaves a gap when it does, and the gap is told (`intact`, and counts far below the solution's).
"""

from __future__ import annotations

import gc
import math
import sys
import weakref
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any, Final

__all__ = ["COUNTS", "TENSOR_COUNTS", "Meter"]

COUNTS: Final = ("elements", "flops", "peak", "steps")
"""What can be measured; any other name in a budget is a hosted object's."""

TENSOR_COUNTS: Final = frozenset(("elements", "flops", "peak"))
SMALL_OBJECTS: Final = 2**15
"""Bytes that Python's own objects may take: numbers, frames, the notes of the listener."""

UNWRITTEN: Final = frozenset(("empty", "empty_like", "empty_strided", "new_empty", "resize_"))
LIFTS: Final = frozenset(("lift", "lift_fresh"))
"""They announce memory that was made out of sight, from a list."""
BY_RESULT: Final = frozenset(("embedding", "gather", "index", "index_select", "take"))
"""They touch as many elements of an operand as they return, and leave the rest alone."""
INTO: Final = {
    "index_put_": 2,
    "_index_put_impl_": 2,
    "index_add_": 3,
    "index_copy_": 3,
    "scatter_": 3,
    "scatter_add_": 3,
}
"""They write as many elements as this argument has, into a tensor that may be far larger."""
SORTS: Final = frozenset(("sort", "argsort", "msort", "_unique2", "unique_dim", "kthvalue"))
FUSED_ATTENTION: Final = "_scaled_dot_product"


class Meter:
    """Counts over a case, or over the spans that the case marks once it marks any.

    `elements`, `flops` and `steps` of several spans add up; of `peak` the largest counts. `peak`
    is of tensors; with `arrays` of NumPy's arrays too, at a hundredfold cost for small ones.
    """

    def __init__(
        self, names: Collection[str] = (), filename: str = "", *, arrays: bool = False
    ) -> None:
        self._names = frozenset(names)
        self._arrays = arrays
        self._filename = filename
        self._running: list[_Instrument] = []
        self._has_spans = False
        self._unseen: set[str] = set()
        self.spent: dict[str, int] = {}
        self.intact = True

    @contextmanager
    def case(self) -> Iterator[None]:
        """Measure what happens inside, unless a part of it is marked with `span`."""
        if not self._names:
            yield
            return
        self._begin()
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def span(self) -> Iterator[None]:
        """Measure what happens inside, and of the case nothing but its spans."""
        if not self._names:
            yield
            return
        if not self._has_spans:
            self._end()
            self.spent = {}
            self._has_spans = True
        elif self._running:
            raise RuntimeError("a measured part lies inside another one")
        self._begin()
        try:
            yield
        finally:
            self._end()

    def _begin(self) -> None:
        gc.collect()  # or the collector's next turn would depend on what has gone before
        kinds: list[_Instrument] = []
        if "peak" in self._names and self._arrays:
            kinds.append(_Objects())
        torch = sys.modules.get("torch")
        if self._names & TENSOR_COUNTS and torch is not None:
            kinds.append(_Operators(torch))
            if "peak" in self._names and not self._arrays:
                kinds.append(_Exits(torch))
        if "steps" in self._names:
            kinds.append(_Steps(self._filename))
        for instrument in kinds:
            instrument.begin()
        self._running = kinds

    def _end(self) -> None:
        found: dict[str, int] = dict.fromkeys(self._names, 0)
        while self._running:
            instrument = self._running.pop()
            self.intact &= instrument.end()
            self._unseen |= instrument.unseen()
            for name, count in instrument.counts().items():
                if name in found:
                    found[name] += count
        for name, count in found.items():
            before = self.spent.get(name, 0)
            self.spent[name] = max(before, count) if name == "peak" else before + count
        for name in self._unseen:
            self.spent.pop(name, None)


class _Instrument:
    """Something that counts between `begin` and `end`."""

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> bool:
        """Stop, and say whether nobody has interfered."""
        raise NotImplementedError

    def counts(self) -> dict[str, int]:
        raise NotImplementedError

    def unseen(self) -> set[str]:
        """Return the counts that have become worthless."""
        return set()


class _Exits(_Instrument):
    """The ways by which tensors become NumPy's arrays: beside torch's memory nobody counts theirs.

    Our own reading of tensors takes the method of the class below.
    """

    def __init__(self, torch: Any) -> None:
        self._tensor: type = torch.Tensor
        self._taken = False
        self._doors: dict[str, Any] = {}
        self._before: dict[str, Any] = {}

    def begin(self) -> None:
        for name in ("numpy", "__dlpack__"):  # what NumPy itself calls leads through one of them
            self._before[name] = vars(self._tensor).get(name)
            self._doors[name] = door = self._door(getattr(self._tensor, name))
            setattr(self._tensor, name, door)

    def _door(self, original: Any) -> Any:
        def leave(*args: Any, **kwargs: Any) -> Any:
            self._taken = True
            return original(*args, **kwargs)

        return leave

    def end(self) -> bool:
        intact = all(vars(self._tensor).get(name) is door for name, door in self._doors.items())
        for name, before in self._before.items():
            if before is None:
                delattr(self._tensor, name)  # it is the class below that has it
            else:
                setattr(self._tensor, name, before)
        return intact

    def counts(self) -> dict[str, int]:
        return {}

    def unseen(self) -> set[str]:
        return {"peak"} if self._taken else set()


class _Objects(_Instrument):
    """The memory of NumPy's arrays, and of Python's objects where there are many."""

    def __init__(self) -> None:
        import tracemalloc

        self._tracer = tracemalloc
        self._peak = 0

    def begin(self) -> None:
        self._tracer.start(1)

    def end(self) -> bool:
        intact = self._tracer.is_tracing()
        self._peak = self._tracer.get_traced_memory()[1]
        self._tracer.stop()
        return intact

    def counts(self) -> dict[str, int]:
        return {"peak": max(0, self._peak - SMALL_OBJECTS)}


class _Steps(_Instrument):
    """The lines of the answer that run, each as often as it runs."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._count = 0

    def begin(self) -> None:
        sys.settrace(self._enter)

    def end(self) -> bool:
        intact = sys.gettrace() == self._enter
        sys.settrace(None)
        return intact

    def counts(self) -> dict[str, int]:
        return {"steps": self._count}

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != self._filename:
            return None
        self._count += 1
        return self._step

    def _step(self, frame: FrameType, event: str, _: Any) -> Any:
        self._count += event == "line"
        return self._step


@dataclass
class _Ledger:
    """The tensors' memory that has been made since the beginning, until it is given back."""

    sizes: dict[int, int] = field(default_factory=dict)
    watched: dict[int, Any] = field(default_factory=dict)
    live: int = 0
    peak: int = 0

    def note(self, storage: Any, is_new: bool) -> None:
        """Take in a storage that an operator has returned."""
        key = storage._cdata
        if key not in self.sizes:
            if not is_new:
                return  # it was there before, and what becomes of it is not our affair
            self.sizes[key] = 0
            self.watched[key] = weakref.ref(storage, partial(self._gone, key))
        self.live += storage.nbytes() - self.sizes[key]
        self.sizes[key] = storage.nbytes()
        self.peak = max(self.peak, self.live)

    def _gone(self, key: int, _: Any) -> None:
        self.watched.pop(key, None)
        self.live -= self.sizes.pop(key, 0)


class _Operators(_Instrument):
    """Every operator below autograd, in forward and backward passes alike."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._tensor: type = torch.Tensor
        self._empty = torch.empty
        self._ledger = _Ledger()
        self._elements = 0
        self._flops = 0
        self._n_seen = 0
        self._is_heard = True
        self._kinds: dict[Any, tuple[str, bool, bool]] = {}
        self._mode: Any = self._listener()

    def _listener(self) -> Any:
        from torch.utils._python_dispatch import TorchDispatchMode

        note, meet = self._note, self._meet
        record = self._torch.autograd._enable_record_function

        class Listener(TorchDispatchMode):  # type: ignore[no-untyped-call]
            def __torch_dispatch__(
                self, function: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                kwargs = kwargs or {}
                if types:
                    meet(types)
                record(False)  # what runs is being recorded as well: that it was called is there
                try:
                    result = function(*args, **kwargs)
                finally:
                    record(True)
                note(function, args, kwargs, result)
                return result

        return Listener()  # type: ignore[no-untyped-call]

    def begin(self) -> None:
        self._mode.__enter__()

    def end(self) -> bool:
        from torch.utils import _python_dispatch

        before = self._n_seen
        try:
            self._empty(0)
        except Exception:  # a listener of the answer's that cannot listen
            return False
        current: Any = _python_dispatch._get_current_dispatch_mode()
        if current is not self._mode:
            return False
        current.__exit__(None, None, None)
        return self._n_seen == before + 1

    def counts(self) -> dict[str, int]:
        return {
            "elements": self._elements,
            "flops": self._flops,
            "peak": self._ledger.peak,
        }

    def unseen(self) -> set[str]:
        return set() if self._is_heard else set(TENSOR_COUNTS)

    def _meet(self, types: Any) -> None:
        """Notice tensors of a class that does its work itself, where no listener is."""
        plain = self._tensor.__torch_dispatch__  # type: ignore[attr-defined]
        self._is_heard &= all(kind.__torch_dispatch__ is plain for kind in types)

    def _note(self, function: Any, args: Any, kwargs: Any, result: Any) -> None:
        self._n_seen += 1
        kind = self._kinds.get(function)
        if kind is None:
            kind = self._kinds[function] = _kind(function)
        name, is_view, is_mutable = kind
        if is_view:
            return
        given: list[Any] = []
        results: list[Any] = []
        self._collect(args, given)
        self._collect(kwargs.values(), given)
        self._collect((result,), results)
        known = {storage._cdata for storage in map(_storage, given) if storage is not None}
        written = 0
        for tensor in results:
            storage = _storage(tensor)
            is_new = storage is None or storage._cdata not in known
            if storage is not None:
                self._ledger.note(storage, is_new or name in LIFTS)
            if name not in UNWRITTEN and (is_new or is_mutable):
                written += tensor.numel()
        if name in INTO:
            source: list[Any] = []
            self._collect(args[INTO[name] : INTO[name] + 1], source)
            written = sum(tensor.numel() for tensor in source) or written
        elif is_mutable and not results:  # a list of tensors, changed in place
            changed: list[Any] = []
            self._collect(args[:1], changed)
            written = sum(tensor.numel() for tensor in changed)
        self._elements += written
        if written or not results:
            self._flops += _price(name, args, given, results, written)

    def _collect(self, tree: Iterable[Any], found: list[Any]) -> None:
        for item in tree:
            if isinstance(item, self._tensor):
                found.append(item)
            elif isinstance(item, list | tuple):
                self._collect(item, found)


def _kind(function: Any) -> tuple[str, bool, bool]:
    """Return an operator's name, whether it only looks at what is there, and whether it writes."""
    schema = function._schema
    name = schema.name.partition("::")[2]
    is_view = name not in LIFTS and (function.is_view or name == "_unsafe_view")
    return name, is_view, schema.is_mutable


def _storage(tensor: Any) -> Any:
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):  # sparse, nested, of vmap, …
        return None


def _price(name: str, args: Any, given: list[Any], results: list[Any], written: int) -> int:
    """Return an operator's cost: twice the multiplications of a product, or else one per element.

    The elements are those of the largest operand or result.
    """
    product = _product(name, args, given, results)
    if product is not None:
        return product
    if name in BY_RESULT or name in INTO or name.startswith("_foreach"):
        return written
    size = max((tensor.numel() for tensor in (*given, *results)), default=0)
    if name in SORTS:
        return size * max(1, math.ceil(math.log2(max(2, size))))
    if name.startswith(("_linalg", "linalg")):
        return size * max((tensor.shape[-1] for tensor in given if tensor.dim()), default=1)
    return size


def _product(name: str, args: Any, given: list[Any], results: list[Any]) -> int | None:
    """Return the cost of a matrix product, a convolution or fused attention; None of others."""
    if name == "_trilinear":  # bilinear layers: three factors, broadcast over all axes
        return 2 * math.prod(max(sizes) for sizes in _trilinear_sizes(args))
    if name in ("_cdist_forward", "_euclidean_dist"):
        return 2 * results[0].numel() * args[0].shape[-1]  # type: ignore[no-any-return]
    if name == "_grouped_mm":
        return 2 * args[0].numel() * args[1].shape[-1]  # type: ignore[no-any-return]
    if name in ("mm", "bmm", "mv", "dot", "vdot"):
        return 2 * args[0].numel() * (args[1].shape[-1] if args[1].dim() > 1 else 1)  # type: ignore[no-any-return]
    if name.rstrip("_") in ("addmm", "baddbmm", "addmv", "addbmm", "_addmm_activation"):
        width = args[2].shape[-1] if args[2].dim() > 1 else 1
        return 2 * args[1].numel() * width + results[0].numel()  # type: ignore[no-any-return]
    if name == "linear":
        return 2 * args[0].numel() * args[1].shape[0]  # type: ignore[no-any-return]
    if "convolution" in name:
        backward = "backward" in name
        weight = args[2 if backward else 1]
        # The side with the channels that the filters make: each of its elements costs one filter.
        made = args[0] if backward else results[0]
        if not backward and len(args) > 6 and args[6] is True:  # transposed
            made = args[0]
        cost = 2 * made.numel() * (weight.numel() // max(1, weight.shape[0]))
        return cost * max(1, len([r for r in results if r.dim() > 1])) if backward else cost  # type: ignore[no-any-return]
    if name.startswith(FUSED_ATTENTION):
        backward = "backward" in name
        query, key, value = (t for t in given[1 if backward else 0 :][:3])
        scores = query.numel() // max(1, query.shape[-1]) * key.shape[-2]
        cost = 2 * scores * (query.shape[-1] + value.shape[-1])
        return cost * 5 // 2 if backward else cost  # type: ignore[no-any-return]
    return None


def _trilinear_sizes(args: Any) -> Iterator[tuple[int, ...]]:
    """Give the sizes that the three factors of a trilinear product have along each axis."""
    shapes = []
    for tensor, expanded in zip(args[:3], args[3:6], strict=True):
        shape = list(tensor.shape)
        for axis in sorted(expanded):
            shape.insert(axis, 1)
        shapes.append(shape)
    return zip(*shapes, strict=True)
