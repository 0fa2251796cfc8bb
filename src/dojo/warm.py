"""The process that pays for torch once and forks a child for every answer.

It holds no secret and never reads an answer: source text goes straight to the child's own pipe, so
no later child can find an earlier answer in memory it has inherited.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
from typing import NoReturn

from dojo.child import serve
from dojo.wire import Channel

__all__ = ["READY", "run"]

READY = b"R"


def run(control_fd: int) -> NoReturn:
    """Warm up, say so, then fork for every three descriptors that arrive."""
    control = socket.socket(fileno=control_fd)
    warm_up()
    control.send(READY)
    children: dict[int, tuple[int, int]] = {}  # pidfd -> (pid, status descriptor)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd != control.fileno():
                poll.unregister(fd)
                _reap(fd, *children.pop(fd))
            elif not _accept(control, children, poll):
                for pid, _ in children.values():
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)


def warm_up() -> None:
    """Import what answers use and run one operation of each kind, on one thread.

    A process that has ever used two OpenMP threads hangs its forks, hence the first line.
    """
    import jaxtyping  # noqa: F401
    import numpy as np
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.default_rng(0).standard_normal(2)
    x = torch.ones(2, 2, requires_grad=True)
    layer = torch.nn.Linear(2, 2)
    (torch.softmax(layer(x), -1) @ x).sum().backward()
    gc.collect()
    gc.freeze()


def _accept(control: socket.socket, children: dict[int, tuple[int, int]], poll: select.poll) -> bool:
    """Serve one request; False at the end of the stream."""
    message, fds, _, _ = socket.recv_fds(control, 4096, 3)
    if not message:
        return False
    if message.startswith(b"import "):
        for name in message[7:].decode().split():
            importlib.import_module(name)
        gc.freeze()
        control.send(READY)
        return True
    channel_fd, log_fd, status_fd = fds
    pid = os.fork()
    if pid == 0:
        _become_child(channel_fd, log_fd)
    pidfd = os.pidfd_open(pid)
    os.close(channel_fd)
    os.close(log_fd)
    children[pidfd] = (pid, status_fd)
    poll.register(pidfd, select.POLLIN)
    socket.send_fds(control, [b"P"], [pidfd])
    return True


def _become_child(channel_fd: int, log_fd: int) -> NoReturn:
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log_fd, 1), (log_fd, 2), (channel_fd, 3)):
        os.dup2(source, target)
    os.closerange(4, 4096)
    os.setsid()  # what the answer starts can be ended with it
    freeze_threads()
    serve(Channel(3, 3, reads_child=False))


def freeze_threads() -> None:
    """Make a change of the number of threads do nothing: OpenMP would hang after a fork."""
    torch = sys.modules["torch"]
    for name in ("set_num_threads", "set_num_interop_threads"):
        setattr(torch, name, lambda n: None)


def _reap(pidfd: int, pid: int, status_fd: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)  # while its number cannot be taken by another process
    except ProcessLookupError:
        pass
    _, status = os.waitpid(pid, 0)
    try:
        os.write(status_fd, os.waitstatus_to_exitcode(status).to_bytes(4, "little", signed=True))
    except OSError:
        pass  # nobody waits for it any more
    os.close(status_fd)
    os.close(pidfd)
