"""See what really runs underneath an answer: the operators that torch's own profiler records.

Every name that is reported is one of these:

    aten::_softmax                     the operator ran, at any depth, backward and TorchScript too
    direct:aten::sort                  it was called by Python code, not by another operator
    gradient:LogsumexpBackward0        it ran in a backward pass that the answer itself began
    tangent:aten::logsumexp            it ran beside a forward-mode derivative
    call:torch.nn.functional.linear    the Python function was called
    module:torch.nn.LSTM               a module (or an optimiser) of this class, or of a subclass

This is advice, not a wall: code in the same process can switch it off. It can hardly do so
unnoticed, since a mark is left in the recording before and after (`intact`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType, FunctionType
from typing import Any, Final

from dojo.refusal import find

__all__ = ["Watched", "watching"]

OWN_GRADIENT: Final = "dojo: the answer takes a gradient, line "
BEGINNING: Final = "dojo: beginning"
END: Final = "dojo: end"
BUILT_IN_NODE: Final = re.compile(r"Backward\d+$")
MAX_FRAMES: Final = 10_000
FORWARD_MODE: Final = "aten::_make_dual"
ENGINE: Final = "_engine_run_backward"
OPERATORS: Final = frozenset(("aten", "direct", "gradient", "tangent"))
"""The kinds of names that take a recording; functions and modules tell of themselves."""


@dataclass
class Watched:
    """What was seen; complete once the context is left."""

    seen: dict[str, int] = field(default_factory=dict)
    """The names asked for that ran, each with its first line in the answer, or 0 if unknown."""
    n_operators: int = 0
    """How many different operators ran; none at all is implausible for an answer with tensors."""
    intact: bool = True
    """Whether the recording ran from beginning to end."""

    def add(self, other: Watched) -> None:
        """Take in what another case has shown."""
        for name, line in other.seen.items():
            self.seen[name] = self.seen.get(name) or line
        self.n_operators = max(self.n_operators, other.n_operators)
        self.intact = self.intact and other.intact


@contextmanager
def watching(filename: str, names: Collection[str], *, lines: bool = False) -> Iterator[Watched]:
    """Record which of `names` run; with `lines`, at several times the cost, also from where.

    `filename` is what the answer was compiled as. Without names, nothing is done at all.
    """
    watched = Watched()
    torch = sys.modules.get("torch")
    if not names or torch is None:
        yield watched
        return
    wanted = frozenset(name for name in names if _exists(torch, name))
    kinds = {name.partition(":")[0] for name in wanted}
    with ExitStack() as stack:
        if kinds & OPERATORS:
            recorder = _Recorder(torch, lines)
            stack.callback(_gather, recorder, watched, wanted, filename)
            recorder.start()
            stack.callback(recorder.stop)
        if "gradient" in kinds:
            stack.enter_context(_own_gradients(torch, filename))
        if "call" in kinds:
            stack.enter_context(_calls(torch, watched, wanted, filename))
        if "module" in kinds:
            stack.enter_context(_modules(torch, watched, wanted, filename))
        yield watched


def _exists(torch: Any, name: str) -> bool:
    """Whether there is such an operator; of a function that has none of its name there is not."""
    kind, _, operator = name.partition(":")
    if kind != "direct":
        return True
    return torch._C._jit_get_operation(operator)[0] is not None


class _Recorder:
    """The legacy profiler: no trace to build, no thread, about two microseconds an operator.

    `torch.autograd.profiler.profile` records the same, but writes to standard error and takes
    thirty times as long to hand over its events; it serves where the other is missing.
    """

    def __init__(self, torch: Any, lines: bool) -> None:
        self._torch = torch
        self._lines = lines
        self._legacy = getattr(torch._C._autograd, "_enable_profiler_legacy", None)
        self._public: Any = None
        self._stop = getattr(torch._C._autograd, "_disable_profiler_legacy", None)
        self._mark = torch.autograd.profiler.record_function
        self.threads: list[list[Any]] = []
        self.failed = False

    def start(self) -> None:
        autograd, profiler = self._torch.autograd, self._torch._C._profiler
        if self._legacy is not None:
            experimental = profiler._ExperimentalConfig()
            state = autograd.ProfilerState.CPU
            flags = (False, False, self._lines, False, False)
            self._legacy(autograd.ProfilerConfig(state, *flags, experimental))
        else:
            self._public = autograd.profiler.profile(use_kineto=False, with_stack=self._lines)
            self._public.__enter__()
        with self._mark(BEGINNING):
            pass

    def stop(self) -> None:
        try:
            with self._mark(END):
                pass
            if self._public is None:
                assert self._stop is not None
                self.threads = self._stop()
            else:
                self._public.__exit__(None, None, None)
        except Exception:  # the answer has stopped or replaced the recording
            self.failed = True

    def names(self) -> set[str]:
        """Return what ran, without its nesting: all that an honest answer costs."""
        if self._public is not None:
            return {event.name for event in self._public.function_events or ()}
        # Thousands of events: a method called by `map` takes half as long as one in a loop.
        return {name for some in self.threads if some for name in map(type(some[0]).name, some)}

    def events(self) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
        """Give every event with the events that enclose it and its Python stack."""
        if self._public is not None:
            for event in self._public.function_events or ():
                yield event.name, tuple(_ancestors(event)), list(event.stack or ())
        for thread in self.threads:
            open_events: list[str] = []
            handles: list[tuple[int, int]] = []
            for event in thread:
                kind = event.kind()
                if kind == "push":
                    yield event.name(), tuple(open_events), event.stack() if self._lines else []
                    open_events.append(event.name())
                    handles.append((event.handle(), event.node_id()))
                elif kind == "pop":
                    _close(open_events, handles, (event.handle(), event.node_id()))


def _close(open_events: list[str], handles: list[tuple[int, int]], handle: tuple[int, int]) -> None:
    """Leave an event; ranges that the answer opens need not be nested properly."""
    if handle in handles:
        index = len(handles) - 1 - handles[::-1].index(handle)
        del open_events[index], handles[index]


def _ancestors(event: Any) -> Iterator[str]:
    while event.cpu_parent is not None:
        event = event.cpu_parent
        yield event.name


def _gather(recorder: _Recorder, watched: Watched, wanted: frozenset[str], filename: str) -> None:
    """Read the recording."""
    names = recorder.names()
    plain = {name.removeprefix("direct:").removeprefix("gradient:") for name in wanted}
    for name, above, stack in recorder.events() if names & plain else ():
        for found in _names_of(name, above) if name in plain else ():
            if found in wanted and not watched.seen.get(found):
                watched.seen[found] = _line_in(stack, filename) or _own_line(above)
    if FORWARD_MODE in names:
        for name in names:
            if (found := f"tangent:{name}") in wanted:
                watched.seen.setdefault(found, 0)
    watched.intact &= not recorder.failed and names >= {BEGINNING, END}
    watched.n_operators = sum(name.startswith("aten::") for name in names)


def _names_of(name: str, above: Iterable[str]) -> Iterator[str]:
    """Give the names under which an event may be watched for."""
    if name.startswith("aten::"):
        yield name
        if not any(outer.startswith("aten::") or BUILT_IN_NODE.search(outer) for outer in above):
            yield f"direct:{name}"
    elif BUILT_IN_NODE.search(name) and _own_line(above):
        yield f"gradient:{name}"


def _own_line(above: Iterable[str]) -> int:
    """Return the line of the answer that began the backward pass, or 0 if it did not."""
    for outer in above:
        if outer.startswith(OWN_GRADIENT) and outer[len(OWN_GRADIENT) :].isdecimal():
            return int(outer[len(OWN_GRADIENT) :][:9])
    return 0


def _line_in(stack: Iterable[str], filename: str) -> int:
    """Return the innermost line of the answer in a stack of `file(line): function`."""
    for frame in stack:
        match = re.match(r"(.*)\((\d+)\): ", frame)
        if match and match[1] == filename:
            return int(match[2])
    return 0


def _line(filename: str, frame: FrameType | None) -> int:
    """Return the innermost line of the answer among the callers, or 0."""
    for _ in range(MAX_FRAMES):
        if frame is None:
            return 0
        if frame.f_code.co_filename == filename:
            return frame.f_lineno
        frame = frame.f_back
    return 1  # nobody else calls so deep


@contextmanager
def _own_gradients(torch: Any, filename: str) -> Iterator[None]:
    """Mark, in the recording, every backward pass that is begun from the answer's code."""
    original = getattr(torch.autograd, ENGINE, None)
    if original is None:
        yield
        return
    mark = torch.autograd.profiler.record_function

    def run_backward(*args: Any, **kwargs: Any) -> Any:
        line = _line(filename, sys._getframe(1))
        if not line:
            return original(*args, **kwargs)
        with mark(f"{OWN_GRADIENT}{line}"):
            return original(*args, **kwargs)

    setattr(torch.autograd, ENGINE, run_backward)
    try:
        yield
    finally:
        setattr(torch.autograd, ENGINE, original)


@contextmanager
def _calls(torch: Any, watched: Watched, wanted: frozenset[str], filename: str) -> Iterator[None]:
    """Note the functions of torch that are called: Python's by a code of ours in their place.

    That costs nothing until one is called, and holds whoever has kept the function. What is
    written in C and has no operator of its own name is heard by a listener, at 4 µs a call of any.
    """

    def note(name: str) -> None:
        if not watched.seen.get(name):
            watched.seen[name] = _line(filename, sys._getframe(2))

    names = [name for name in wanted if name.startswith("call:")]
    functions = {name: find(torch, name.removeprefix("call:")) for name in names}
    with ExitStack() as stack:
        for name, function in functions.items():
            if isinstance(function, FunctionType) and not function.__code__.co_freevars:
                stack.enter_context(_overheard(function, partial(note, name), watched))
            elif function is not None and not hasattr(torch.ops.aten, _stem(name)):
                stack.enter_context(_listener(name, note))
        yield


def _stem(name: str) -> str:
    """Return the operator by which a function would be recorded."""
    module, _, leaf = name.rpartition(".")
    module = module.rpartition(".")[2]
    return f"{module}_{leaf}" if module in ("linalg", "special", "fft") else leaf


@contextmanager
def _overheard(
    function: FunctionType, note: Callable[[], None], watched: Watched
) -> Iterator[None]:
    code = function.__code__
    original = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__

    def overhear(*args: Any, **kwargs: Any) -> Any:
        note()
        return original(*args, **kwargs)

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        target: Any = "overhear"
        return target(*args, **kwargs)

    # A code has no variables from outside; a constant may be any object.
    constants = stand_in.__code__.co_consts
    put = tuple(overhear if constant == "overhear" else constant for constant in constants)
    ours = function.__code__ = stand_in.__code__.replace(co_consts=put)
    try:
        yield
    finally:
        watched.intact &= function.__code__ is ours
        function.__code__ = code


@contextmanager
def _listener(name: str, note: Callable[[str], None]) -> Iterator[None]:
    from torch.overrides import TorchFunctionMode

    known: set[Any] = set()

    class Listener(TorchFunctionMode):
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if function not in known:
                known.add(function)
                if name == f"call:{_public_name(function)}":
                    note(name)
            return function(*args, **(kwargs or {}))

    with Listener():
        yield


def _public_name(function: Any) -> str:
    """Return the name by which people call one of torch's functions."""
    name = str(getattr(function, "__name__", ""))
    holder = getattr(function, "__objclass__", None)
    if holder is not None:
        return f"torch.Tensor.{name}"
    module = str(getattr(function, "__module__", "") or "torch")
    if module == "torch._C._nn":
        module = "torch.nn.functional"
    match = re.match(r"torch\._C\._(linalg|special|fft)$", module)
    if match:
        return f"torch.{match[1]}.{name.removeprefix(match[1] + '_')}"
    return f"{'torch' if module == 'torch.functional' else module}.{name}"


@contextmanager
def _modules(torch: Any, watched: Watched, wanted: frozenset[str], filename: str) -> Iterator[None]:
    """Note the classes of the modules that are called and of the optimisers that step."""

    def note(thing: Any, *_: Any) -> None:
        for cls in type(thing).__mro__:
            package = re.match(r"torch\.(nn|optim)\b", cls.__module__)
            name = f"module:torch.{package[1]}.{cls.__name__}" if package else ""
            if name in wanted and not watched.seen.get(name):
                watched.seen[name] = _line(filename, sys._getframe(1))

    handles = [torch.nn.modules.module.register_module_forward_pre_hook(note)]
    optimizer = sys.modules.get("torch.optim.optimizer")
    if optimizer is not None and any(name.startswith("module:torch.optim.") for name in wanted):
        handles.append(optimizer.register_optimizer_step_pre_hook(note))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
