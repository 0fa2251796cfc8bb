"""The process that pays for torch once and forks a child for every answer.

It holds no secret and never reads an answer: source text goes straight to the child's own pipe, so
no later child can find an earlier answer in memory it has inherited.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import SourceLoader
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from dojo import plain_shapes
from dojo.child import serve
from dojo.meter import COUNTS, Meter
from dojo.provided import OnlyProvided
from dojo.recording import watching
from dojo.walls import Prepared, Walls, begin_self_test, prepare, strongest
from dojo.wire import Channel

__all__ = ["READY", "freeze_threads", "prepare_walls", "run", "warm_up"]

READY = b"R"


def run(control_fd: int, sandbox: bool, memory: int, closed: Sequence[str]) -> NoReturn:
    """Warm up, say so, then fork for every three descriptors that arrive."""
    control = socket.socket(fileno=control_fd)
    tested = begin_self_test(closed) if sandbox else dict
    warm_up()
    prepared = prepare_walls(sandbox, memory, closed)
    control.sendall(READY + json.dumps(tested()).encode() + b"\n")
    children: dict[int, tuple[int, int]] = {}  # pidfd -> (pid, status descriptor)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd != control.fileno():
                poll.unregister(fd)
                _reap(fd, *children.pop(fd))
            elif not _accept(control, children, poll, prepared):
                for pid, _ in children.values():
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)


def prepare_walls(sandbox: bool, memory: int, closed: Sequence[str]) -> Prepared | None:
    """Build the strongest walls that this kernel can put up, and forget where the project is."""
    here = str(Path(__file__).resolve().parent.parent)
    sys.path[:] = [path for path in sys.path if path != here]
    # One thread for libraries that are imported later: they could not start another one.
    kept = {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}
    os.environ.clear()
    os.environ.update(kept, TORCHINDUCTOR_CACHE_DIR=os.getcwd())
    if not sandbox or sys.platform != "linux":
        return None
    return prepare(strongest(Walls(memory=memory)), closed=closed)


def warm_up() -> None:
    """Import what answers use and run one operation of each kind, on one thread.

    A process that has ever used two OpenMP threads hangs its forks, hence one thread.
    """
    gc.disable()  # what imports make stays: to look through it again and again takes long
    sys.meta_path.insert(0, _NoCompilerGuards())
    import jaxtyping  # noqa: F401
    import numpy as np
    import torch

    gc.freeze()
    # Some imports look for a place to write, which a child has none of: any folder will do.
    tempfile.tempdir = os.getcwd()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.default_rng(0).standard_normal(2)
    x = torch.ones(2, 2, requires_grad=True)
    layer = torch.nn.Linear(2, 2)
    with watching(
        "",
        ("aten::relu", "gradient:x", "call:torch.Tensor.backward", "module:torch.optim.x"),
        lines=True,
    ):
        torch.relu(x)
    with Meter(COUNTS, arrays=True).case():
        torch.relu(x)
    torch.autograd.grad((torch.softmax(layer(x), -1) @ x).sum(), x)
    plain_shapes.install()
    # A compiler needs files and processes, so what an answer decorates with it runs as it is.
    vars(torch)["compile"] = _as_it_is
    OnlyProvided.install()
    gc.collect()
    gc.freeze()
    gc.enable()


class _NoCompilerGuards:
    """Let `torch._compile` wrap nothing.

    Torch guards many functions against its compiler, and the first call of one imports that
    compiler, which takes nearly as long as torch itself. No child can compile anything.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Load that one module as usual, and then replace its decorator."""
        spec = PathFinder.find_spec(name, path) if name == "torch._compile" else None
        if spec is None or not isinstance(spec.loader, SourceLoader):
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if hasattr(module, "_disable_dynamo"):
                vars(module)["_disable_dynamo"] = _as_it_is

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _as_it_is(function: Any = None, *_: Any, **__: Any) -> Any:
    """Decorate with nothing, with or without arguments."""
    return function or _as_it_is


def _accept(
    control: socket.socket,
    children: dict[int, tuple[int, int]],
    poll: select.poll,
    prepared: Prepared | None,
) -> bool:
    """Serve one request; False at the end of the stream."""
    message, fds, _, _ = socket.recv_fds(control, 4096, 3)
    if not message:
        return False
    if message.startswith(b"import "):
        for name in message[7:].decode().split():
            importlib.import_module(name)
        gc.freeze()
        control.sendall(READY + b"\n")
        return True
    channel_fd, log_fd, status_fd = fds
    pid = os.fork()
    if pid == 0:
        try:
            _become_child(channel_fd, log_fd, prepared)
        finally:
            os._exit(1)  # whatever happens, it must not go on in the loop of the warm process
    pidfd = os.pidfd_open(pid)
    os.close(channel_fd)
    os.close(log_fd)
    children[pidfd] = (pid, status_fd)
    poll.register(pidfd, select.POLLIN)
    socket.send_fds(control, [b"P"], [pidfd])
    return True


def _become_child(channel_fd: int, log_fd: int, prepared: Prepared | None) -> NoReturn:
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log_fd, 1), (log_fd, 2), (channel_fd, 3)):
        os.dup2(source, target)
    kept = prepared.ruleset if prepared is not None and prepared.ruleset >= 0 else 3
    os.closerange(4, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    os.setsid()  # what the answer starts can be ended with it
    freeze_threads()
    serve(Channel(3, 3, reads_child=False), prepared)


def freeze_threads() -> None:
    """Make a change of the number of threads do nothing: OpenMP would hang after a fork."""
    torch = sys.modules["torch"]
    for name in ("set_num_threads", "set_num_interop_threads"):
        setattr(torch, name, lambda n: None)


def _reap(pidfd: int, pid: int, status_fd: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # while its number cannot be taken by another process
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):  # nobody may wait for it any more
        os.write(status_fd, os.waitstatus_to_exitcode(status).to_bytes(4, "little", signed=True))
    os.close(status_fd)
    os.close(pidfd)
