"""The process that runs a learner's code: it sees inputs and never an expected value."""

from __future__ import annotations

import gc
import linecache
import os
import random
import sys
from types import CodeType, ModuleType
from typing import Any, NoReturn

import numpy as np

from dojo import wire
from dojo.draw import Draw, Given, seed_of
from dojo.meter import Meter
from dojo.recording import Watched, watching
from dojo.refusal import refuse
from dojo.walls import Prepared, WallError, raise_walls
from dojo.wire import Began, Broken, Channel, Failure, Job, Observed, Reply, Step, Walled

__all__ = ["serve"]

MODULE = "answer"
CASES = "<cases>"
RAISABLE: dict[str, type[Exception]] = {
    kind.__name__: kind for kind in (IndexError, KeyError, TypeError, ValueError)
}


def serve(channel: Channel, prepared: Prepared | None) -> NoReturn:
    """Lock up, run one job and leave without a trace: no clean-up code of the learner's runs."""
    status = 1
    try:
        channel.send(_lock_up(prepared))
        _work(channel, channel.receive())
        status = 0
    except (wire.ChannelClosed, wire.Malformed):
        pass
    finally:
        _flush()
        os._exit(status)


def _lock_up(prepared: Prepared | None) -> Walled:
    if prepared is None:
        return Walled(())
    try:
        return Walled(raise_walls(prepared))
    except WallError as error:
        return Walled((), str(error))


def _work(channel: Channel, job: Job) -> None:
    for fd, name in ((1, "stdout"), (2, "stderr")):
        setattr(sys, name, os.fdopen(fd, "w", errors="backslashreplace", closefd=False))
    answer = ModuleType(MODULE)
    refuse(job.refused)
    sys.modules[MODULE] = answer  # dataclasses and pickling look a class's module up
    lines = job.source.splitlines(keepends=True)
    linecache.cache[job.filename] = (len(job.source), None, lines, job.filename)  # for TorchScript
    try:
        code = compile(job.source, job.filename, "exec", dont_inherit=True)
        _seed(seed_of("module", job.filename, *_luck(job)))
        exec(code, answer.__dict__)
    except BaseException as error:
        channel.send(Broken(_failure(error, job.filename)))
        return
    channel.send(_describe(answer, job.wants))
    drives: dict[str, Any] = {"__name__": "grader"}
    unfit = None
    try:
        exec(compile(job.cases, CASES, "exec", dont_inherit=True), drives)
    except BaseException as error:
        unfit = _failure(error, job.filename)
    for index, (seed, function, sizes) in enumerate(job.runs):
        if unfit is not None:
            channel.send(Observed(index, failure=unfit))
            continue
        observed = _run(index, seed, drives[function], sizes, answer, job, channel)
        _flush()
        try:
            channel.send(observed)
        except wire.Malformed as error:  # too large for a message
            channel.send(Observed(index, wire.Other(str(error))))
        gc.collect(0)


def _run(
    index: int,
    seed: str,
    drive: Any,
    sizes: wire.Dict,
    answer: ModuleType,
    job: Job,
    channel: Channel,
) -> Observed:
    meter = Meter(job.counts.get(seed, ()), job.filename, arrays=job.arrays)
    draw = Draw(seed_of(seed), _Link(channel).open, nudge=job.nudge, meter=meter, luck=job.luck)
    _seed(seed_of(seed, "global", *_luck(job)))
    value: wire.Node = None
    failure = None
    watched = Watched()
    try:
        with watching(job.filename, job.watch, lines=job.lines) as watched:
            with meter.case():
                result = drive(_View(answer), draw, **wire.decode(sizes))
            value = wire.encode(result)
            del result
    except BaseException as error:
        failure = _failure(error, job.filename)
        error.__traceback__ = None  # frames keep every intermediate tensor alive
    return Observed(
        index,
        value,
        failure,
        tuple(_name(given, job) for given in draw.given if given.changed),
        tuple(draw.weighed),
        _masks(draw, job),
        tuple(watched.seen.items()),
        watched.n_operators,
        watched.intact,
        tuple(meter.spent.items()),
        meter.intact,
        bool(draw.met),
    )


def _luck(job: Job) -> tuple[int, ...]:
    return (job.luck,) if job.luck else ()


def _seed(seed: int) -> None:
    """Seed every global generator, so that a run can be repeated."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        # Not `manual_seed`, which prepares a stack trace for each kind of device that is missing.
        torch.default_generator.manual_seed(seed % 2**63)


class _View:
    """The learner's names, as a case sees them."""

    def __init__(self, answer: ModuleType) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        try:
            return self._answer.__dict__[name]
        except KeyError:
            raise NotDefined(name) from None


class NotDefined(Exception):
    """The file lacks a name that the case uses."""


class _Link:
    """Where calls to hosted objects leave the child."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def open(self, name: str, sizes: dict[str, Any]) -> _Remote:
        encoded = wire.encode(sizes)
        assert isinstance(encoded, wire.Dict)
        return _Remote(self, self.ask(wire.Open(name, encoded)))

    def ask(self, message: wire.FromChild) -> Any:
        self._channel.send(message)
        reply = self._channel.receive()
        if not isinstance(reply, Reply):
            raise wire.Malformed("expected a reply")
        if reply.failure is not None:
            kind = RAISABLE.get(reply.failure.kinds[0], RuntimeError)
            raise kind(reply.failure.message)
        return _owned(reply.value)


def _owned(node: wire.Node) -> Any:
    """Decode a reply into values that the learner may write into."""
    if isinstance(node, wire.Array):
        array = wire.to_numpy(node)
        if node.library == "numpy":
            return array.copy() if node.shape else array[()]
        import torch

        return torch.from_numpy(array.copy())
    if isinstance(node, wire.List):
        return [_owned(item) for item in node.items]
    if isinstance(node, wire.Tuple):
        return tuple(_owned(item) for item in node.items)
    if isinstance(node, wire.Dict):
        return {key: _owned(item) for key, item in node.items}
    return node


class _Remote:
    """Stands for an object that lives in the parent."""

    def __init__(self, link: _Link, handle: int) -> None:
        self._link = link
        self._handle = handle

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)
        return lambda *args, **kwargs: self._call(method, args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call("__call__", args, kwargs)

    def _call(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        packed, named = wire.encode(args), wire.encode(kwargs)
        assert isinstance(packed, wire.Tuple) and isinstance(named, wire.Dict)
        return self._link.ask(wire.Call(self._handle, method, packed, named))


def _describe(answer: ModuleType, wants: tuple[str, ...]) -> Began:
    found = tuple(
        name[:80]
        for name, value in list(answer.__dict__.items())
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", None) == MODULE
    )
    return Began(found[:50], tuple(name for name in wants if name not in answer.__dict__))


def _failure(error: BaseException, filename: str) -> Failure:
    """Describe an exception by the frames that lie in the learner's file."""
    kinds = tuple(kind.__name__[:80] for kind in type(error).__mro__[:-1])
    if isinstance(error, SyntaxError) and error.filename == filename:
        place = (error.lineno or 1, error.offset or 1)
        return Failure(kinds, str(error.msg)[:300], caret=place)
    try:
        message = str(error)[:2000]
    except BaseException:  # a hostile or broken __str__
        message = "(its message could not be read)"
    steps = []
    case = 0
    trace = error.__traceback__
    while trace is not None:
        code: CodeType = trace.tb_frame.f_code
        if code.co_filename == filename:
            steps.append(Step(trace.tb_lineno or 0, code.co_qualname[:80]))
            case = 0
        elif code.co_filename == CASES:
            case = trace.tb_lineno or 0
        trace = trace.tb_next
    steps = steps[-8:]
    text = str(wire.encode(message))
    return Failure(kinds, text, tuple(steps), case=case)


def _masks(draw: Draw, job: Job) -> tuple[tuple[str, wire.Array], ...]:
    named = []
    for given in draw.given if job.masks else ():
        node = wire.encode(given.value)
        if isinstance(node, wire.Array) and node.dtype == "bool" and 0 < len(node.data) < 2**16:
            named.append((_name(given, job), node))
    return tuple(named)


def _name(given: Given, job: Job) -> str:
    """Name an input by what the case does with it: the variable or the keyword."""
    offset = given.instruction // 2
    positions = list(given.code.co_positions())
    if offset < len(positions):
        line, _, column, _ = positions[offset]
        if name := job.inputs.get(f"{line}:{column}"):
            return name
    shape = ", ".join(str(n) for n in np.shape(given.value))
    return f"the input of shape ({shape})"


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the learner may have replaced or closed it
            continue
