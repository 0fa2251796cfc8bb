"""The walls that a forked child puts up around itself, before it compiles a learner's code.

Three of them, each enough for much of the work: resource limits, Landlock (which files exist for
the process) and seccomp (which system calls). None needs root, a namespace or a package, and no
process can take them down again. Nothing at all may be written: no file, no socket, no signal.
"""

from __future__ import annotations

import _thread
import ctypes
import errno
import mmap
import os
import select
import shutil
import signal
import socket
import stat
import struct
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

if sys.platform == "linux":
    import fcntl
    import resource

__all__ = [
    "Prepared",
    "Sandbox",
    "WallError",
    "Walls",
    "available",
    "filter_program",
    "full_sandbox",
    "prepare",
    "raise_walls",
    "readable_paths",
    "self_test",
    "strongest",
]


@dataclass(frozen=True)
class Walls:
    """How much a child may use, and which walls it puts up; all of them unless a test says so."""

    memory: int = 4 * 2**30
    """Bytes of address space beyond what the child has when it asks."""
    cpu: int = 600
    """Seconds of processor time until SIGXCPU; one more until SIGKILL. No clock on the wall."""
    descriptors: int = 64
    limits: bool = True
    landlock: bool = True
    seccomp: bool = True


class WallError(Exception):
    """A wall that was asked for cannot be put up; the message begins with its name."""


@dataclass(frozen=True)
class Prepared:
    """What can be built before the fork; owns one descriptor, which the child must inherit."""

    walls: Walls
    libc: ctypes.CDLL
    ruleset: int
    """Descriptor of the Landlock rules, −1 without them."""
    program: bytes
    """The seccomp filter, with `_ANY_PID` where the child's number goes."""


def prepare(
    walls: Walls, readable: Iterable[str] | None = None, closed: Iterable[str] = ()
) -> Prepared:
    """Build, in the process that will fork, everything that its children have in common.

    `readable` are the files and folders that may be read, else those of `readable_paths`.
    None of the `closed` may lie inside one of them.
    """
    if sys.platform != "linux":
        raise WallError("limits: walls stand on Linux only")
    libc = ctypes.CDLL(None, use_errno=True)
    paths = readable_paths() if readable is None else tuple(readable)
    for inner in closed:
        for outer in paths:
            if Path(inner).resolve().is_relative_to(Path(outer).resolve()):
                raise WallError(f"landlock: {inner} would be readable, since it lies in {outer}")
    ruleset = _build_ruleset(libc, paths) if walls.landlock else -1
    program = _filter_for(os.uname().machine) if walls.seccomp else b""
    return Prepared(walls, libc, ruleset, program)


def raise_walls(prepared: Prepared, *, memory: int | None = None) -> tuple[str, ...]:
    """Lock the calling process up for good and return the names of the walls that stand.

    The process must have one thread, since Landlock binds only the thread that asks for it.
    `memory` takes the place of that in the settings.
    """
    walls, libc = prepared.walls, prepared.libc
    if len(os.listdir("/proc/self/task")) != 1:
        raise WallError("threads: a second thread would stay outside the walls")
    standing = ["privileges"]
    _give_up_privileges(libc)
    if walls.limits:
        _limit(walls, walls.memory if memory is None else memory)
        standing.append("limits")
    if walls.landlock:
        _close_files(libc, prepared.ruleset)
        standing.append("landlock")
    if walls.seccomp:
        _filter_calls(libc, prepared.program)
        standing.append("seccomp")
    return tuple(standing)


def available() -> dict[str, bool | int]:
    """Return what this kernel offers, by looking only: nothing is put up or started."""
    if sys.platform != "linux":
        return {"landlock": 0, "seccomp": False, "user namespaces": False, "bubblewrap": False}
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "landlock": _landlock_abi(libc),
        "seccomp": _has_seccomp(libc),
        "user namespaces": _has_user_namespaces(),
        "bubblewrap": shutil.which("bwrap") is not None,
    }


def strongest(walls: Walls) -> Walls:
    """Leave out the walls that this kernel cannot put up."""
    here = available()
    return replace(
        walls,
        limits=walls.limits and sys.platform == "linux",
        landlock=walls.landlock and bool(here["landlock"]),
        seccomp=walls.seccomp and bool(here["seccomp"]),
    )


# ------------------------------------------------------------------------------- privileges

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def _give_up_privileges(libc: ctypes.CDLL) -> None:
    """Lose root's powers, gain none by exec, hide from the user's other processes.

    The process also dies with its parent, so that nothing goes on where nobody watches.
    """
    header = struct.pack("Ii", 0x20080522, 0)  # version 3 of the structure, this process
    _call(libc, "privileges", libc.capset, header, bytes(24))
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    _prctl(libc, _PR_SET_DUMPABLE, 0)
    _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _call(libc, "privileges", libc.prctl, option, ctypes.c_ulong(value), zero, zero, zero)


def _call(libc: ctypes.CDLL, wall: str, function: Callable[..., int], *args: object) -> int:
    """Call a function of libc and turn its failure into a WallError."""
    result = function(*args)
    if result < 0:
        raise WallError(f"{wall}: {os.strerror(ctypes.get_errno())}")
    return result


# ----------------------------------------------------------------------------------- limits


def _limit(walls: Walls, memory: int) -> None:
    with open("/proc/self/statm", "rb") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: (now + memory, now + memory),
        resource.RLIMIT_CPU: (walls.cpu, walls.cpu + 1),
        resource.RLIMIT_NOFILE: (walls.descriptors, walls.descriptors),
        resource.RLIMIT_STACK: (8 * 2**20, 8 * 2**20),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NPROC: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    for kind, (soft, hard) in limits.items():
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError) as error:
            raise WallError(f"limits: {error}") from None


# --------------------------------------------------------------------------------- landlock

# These three have the same numbers on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446

_FILE_RIGHTS: Final = (0, 13, 14, 15, 15, 16)
"""How many rights to files each version of the interface knows; later ones as many as the last."""
_OUT_OF_THE_WAY: Final = 64
"""The least number of the rules' descriptor: a child puts its own streams on the first few."""
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3


def readable_paths() -> tuple[str, ...]:
    """Return what Python and its packages read lazily: never a project's folder, home or /proc."""
    base = {Path(sys.prefix) / "lib", Path(sys.base_prefix) / "lib"}
    packages = {Path(p) for p in sys.path if Path(p).name in ("site-packages", "dist-packages")}
    standard = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    system = {Path(p) for p in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")}
    files = {Path(p) for p in ("/etc/ld.so.cache", "/proc/cpuinfo", "/dev/urandom", os.devnull)}
    return tuple(sorted({str(p) for p in base | packages | standard | system | files}))


def _build_ruleset(libc: ctypes.CDLL, readable: Iterable[str]) -> int:
    """Handle every right that this kernel knows and grant only reading, only where told."""
    abi = _landlock_abi(libc)
    if abi < 1:
        raise WallError("landlock: this kernel has none")
    rights = (1 << _FILE_RIGHTS[min(abi, 5)]) - 1
    attributes = struct.pack("QQQ", rights, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    ruleset = _syscall(libc, "landlock", _CREATE_RULESET, attributes, len(attributes), 0)
    for path in readable:
        _grant(libc, ruleset, path)
    high = fcntl.fcntl(ruleset, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    os.close(ruleset)
    return high


def _close_files(libc: ctypes.CDLL, ruleset: int) -> None:
    quiet = 1 if _landlock_abi(libc) >= 7 else 0  # or an answer could fill the log of refusals
    _syscall(libc, "landlock", _RESTRICT_SELF, ruleset, quiet)
    os.close(ruleset)


def _grant(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what this process cannot reach needs no rule
    try:
        rights = _READ_FILE
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            rights |= _READ_DIR
        elif path == os.devnull:
            rights |= _WRITE_FILE
        _syscall(libc, "landlock", _ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, fd), 0)
    finally:
        os.close(fd)


def _landlock_abi(libc: ctypes.CDLL) -> int:
    """Return the version of the interface, 0 where there is none."""
    zero = ctypes.c_long(0)
    version = libc.syscall(ctypes.c_long(_CREATE_RULESET), zero, zero, ctypes.c_long(1))
    return max(0, int(version))


def _syscall(libc: ctypes.CDLL, wall: str, number: int, *args: int | bytes) -> int:
    """Make a system call whose arguments are numbers and pointers to bytes."""
    words = [arg if isinstance(arg, bytes) else ctypes.c_long(arg) for arg in args]
    return _call(libc, wall, libc.syscall, ctypes.c_long(number), *words)


# ---------------------------------------------------------------------------------- seccomp

Rule: TypeAlias = "tuple[tuple[int, tuple[int, ...]], ...]"
"""What must hold for a call: at each offset of its description, one of these 32-bit words."""

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LAST_KNOWN: Final = 462
"""Calls beyond this number do not exist, so that libc falls back; x32 calls are among them."""

# Name, number on x86_64, number on aarch64, where −1 stands for none.
_FREE: Final = """
    read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, pwrite64 18 68, lseek 8 62,
    preadv 295 69, pwritev 296 70, open 2 -1, openat 257 56, close 3 57, close_range 436 436,
    stat 4 -1, lstat 6 -1, fstat 5 80, newfstatat 262 79, statx 332 291, statfs 137 43,
    fstatfs 138 44, access 21 -1, faccessat 269 48, faccessat2 439 439, readlink 89 -1,
    readlinkat 267 78, getdents64 217 61, getcwd 79 17, fadvise64 221 223, dup 32 23, dup2 33 -1,
    dup3 292 24, poll 7 -1, ppoll 271 73, select 23 -1, pselect6 270 72,
    brk 12 214, mmap 9 222, munmap 11 215, mremap 25 216, mprotect 10 226, madvise 28 233,
    futex 202 98, sched_yield 24 124, sched_getaffinity 204 123, getcpu 309 168,
    rseq 334 293, set_robust_list 273 99, getrandom 318 278,
    clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, nanosleep 35 101,
    gettimeofday 96 169, time 201 -1, times 100 153, getrusage 98 165, sysinfo 99 179,
    uname 63 160, getpid 39 172, getppid 110 173, gettid 186 178, getuid 102 174,
    geteuid 107 175, getgid 104 176, getegid 108 177, getresuid 118 148, getresgid 120 150,
    getgroups 115 158, getpgrp 111 -1, getpgid 121 155, getsid 124 156, getrlimit 97 163,
    rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, sigaltstack 131 132,
    restart_syscall 219 128, exit 60 93, exit_group 231 94
"""


def _argument(index: int, half: int = 0) -> int:
    """Return where an argument's low or high half stands in the description of a call."""
    return 16 + 8 * index + 4 * half


def _conditional(pid: int) -> dict[tuple[int, int], Rule]:
    """Return the calls that pass with certain arguments only, by their two numbers."""
    itself: Rule = ((_argument(0), (pid,)),)
    unchanged: Rule = (
        (_argument(0), (0, pid)),
        (_argument(2), (0,)),
        (_argument(2, 1), (0,)),
    )
    descriptor_flags = (0, 1, 2, 3, 4, 1030)  # F_DUPFD … F_SETFL, F_DUPFD_CLOEXEC: no lock
    harmless_controls = (0x5401, 0x5413, 0x5450, 0x5451, 0x541B)  # tty? its size, cloexec, waiting
    return {
        (62, 129): itself,  # kill
        (234, 131): itself,  # tgkill, by which a process raises and aborts
        (302, 261): unchanged,  # prlimit64 with no new limit
        (72, 25): ((_argument(1), descriptor_flags),),  # fcntl
        (16, 29): ((_argument(1), harmless_controls),),  # ioctl
    }


def filter_program(machine: str, pid: int) -> bytes:
    """Compile the list of allowed calls to a program for the kernel's packet filter.

    Unknown numbers "do not exist", known ones are "not permitted", and a call by another
    architecture's numbers ends the process.
    """
    column = list(_ARCHITECTURES).index(machine)
    rules: dict[int, Rule] = {both[column]: rule for both, rule in _conditional(pid).items()}
    for entry in _FREE.replace("\n", " ").split(","):
        rules[int(entry.split()[1 + column])] = ()
    rules.pop(-1, None)
    refuse, missing = _end(_ERRNO | errno.EPERM), _end(_ERRNO | errno.ENOSYS)
    ranges = [(0, refuse)]
    for number in sorted({*rules, *(n + 1 for n in rules), _CLONE3, _CLONE3 + 1, _LAST_KNOWN + 1}):
        code = _test(rules[number]) if number in rules else refuse
        if number == _CLONE3 or number > _LAST_KNOWN:
            code = missing
        if code != ranges[-1][1]:
            ranges.append((number, code))
    return b"".join(
        [
            _operation(_LOAD, 4),
            _operation(_EQUAL, _ARCHITECTURES[machine], 1, 0),
            _end(_KILL_PROCESS),
            _operation(_LOAD, 0),
            _search(ranges),
        ]
    )


_CLONE3: Final = 435
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000


def _operation(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def _end(action: int) -> bytes:
    return _operation(_RETURN, action)


def _test(rule: Rule) -> bytes:
    """Allow the call if every word is as the rule says."""
    program = b""
    for offset, words in rule:
        program += _operation(_LOAD, offset)
        for position, word in enumerate(words):
            program += _operation(_EQUAL, word, len(words) - position, 0)
        program += _end(_ERRNO | errno.EPERM)
    return program + _end(_ALLOW)


def _search(ranges: list[tuple[int, bytes]]) -> bytes:
    """Find a number's range by halving: the kernel runs this for every possible number."""
    if len(ranges) == 1:
        return ranges[0][1]
    half = len(ranges) // 2
    low, high = _search(ranges[:half]), _search(ranges[half:])
    return _operation(_AT_LEAST, ranges[half][0], len(low) // 8, 0) + low + high


def _filter_for(machine: str) -> bytes:
    if machine not in _ARCHITECTURES or struct.calcsize("P") != 8:
        raise WallError(f"seccomp: the calls of this kind of processor ({machine}) are not known")
    return filter_program(machine, _ANY_PID)


_ANY_PID: Final = 0xFEEDFACE
_NUMBER_OF_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}


def _filter_calls(libc: ctypes.CDLL, program: bytes) -> None:
    own = struct.pack("I", os.getpid())
    program = program.replace(struct.pack("I", _ANY_PID), own)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    number = _NUMBER_OF_SECCOMP[os.uname().machine]
    set_filter, every_thread = 1, 1
    if _syscall(libc, "seccomp", number, set_filter, every_thread, header):
        raise WallError("seccomp: a thread could not be bound")


def _has_seccomp(libc: ctypes.CDLL) -> bool:
    number = _NUMBER_OF_SECCOMP.get(os.uname().machine)
    if number is None or struct.calcsize("P") != 8:
        return False
    ask, kill = ctypes.c_long(2), struct.pack("I", _KILL_PROCESS)
    return bool(libc.syscall(ctypes.c_long(number), ask, ctypes.c_long(0), kill) == 0)


def _has_user_namespaces() -> bool:
    """Read the settings of the kernel, of Debian and of Ubuntu that may forbid them."""

    def setting(name: str, otherwise: int) -> int:
        try:
            return int(Path("/proc/sys", name).read_text())
        except (OSError, ValueError):
            return otherwise

    return (
        setting("user/max_user_namespaces", 0) > 0
        and setting("kernel/unprivileged_userns_clone", 1) != 0
        and setting("kernel/apparmor_restrict_unprivileged_userns", 0) != 1
    )


# -------------------------------------------------------------------------------- self-test


STANDS: Final = "stands"


@dataclass(frozen=True)
class Sandbox:
    """What a self-test says of the whole sandbox: true where every wall stands."""

    gaps: tuple[str, ...]
    """What an answer could do, each with what came of it; what is not known counts as a gap."""

    def __bool__(self) -> bool:
        return not self.gaps


def full_sandbox(report: Mapping[str, str]) -> Sandbox:
    """Judge a report of `self_test`, such as `Engine.examine()` gives.

    An empty report comes of a sandbox that is off, or not tested yet: that is not a full one.
    """
    if not report:
        return Sandbox(("the sandbox is switched off, or has not been tested",))
    return Sandbox(tuple(f"{what}: {found}" for what, found in report.items() if found != STANDS))


Attack: TypeAlias = Callable[[], object]
_SELF_TEST_SECONDS: Final = 5.0


def self_test(closed: Iterable[str] = ()) -> dict[str, str]:
    """Attack every wall from inside a forked child and return "stands" or what happened.

    The attacks do no harm where they succeed. `closed` are files and folders, such as the
    project's, that the child must not be able to read. Call it before starting any thread.
    """
    if sys.platform != "linux":
        return {"walls": "stand on Linux only"}
    with tempfile.NamedTemporaryFile() as private:
        paths = (private.name, *closed)
        try:
            prepared = prepare(strongest(Walls(memory=2**26, descriptors=32)), closed=paths)
        except WallError as error:
            return {"walls": str(error)}
        read_end, write_end = os.pipe()
        attacks = _attacks(paths, f"{private.name}.new", os.getpid())
        pid = os.fork()
        if pid == 0:
            _attack(prepared, attacks, write_end)
        os.close(write_end)
        said = _listen(read_end, pid)
        if prepared.ruleset >= 0:
            os.close(prepared.ruleset)
    found = dict(line.split("\t", 1) for line in said.splitlines() if "\t" in line)
    if "walls" in found:
        return {"walls": found["walls"]}
    return {name: found.get(name, "falls: it ended the test") for name in attacks}


def _attack(prepared: Prepared, attacks: dict[str, Attack], answer: int) -> NoReturn:
    try:
        raise_walls(prepared)
        for name, attempt in attacks.items():
            os.write(answer, f"{name}\t{_outcome(attempt)}\n".encode())
    except WallError as error:
        os.write(answer, f"walls\t{error}\n".encode())
    finally:
        os._exit(0)


def _outcome(attempt: Attack) -> str:
    try:
        attempt()
    except FileNotFoundError as error:
        return f"unknown: {error}"
    except (OSError, MemoryError, RuntimeError, ValueError):
        return STANDS
    return "falls"


def _listen(read_end: int, pid: int) -> str:
    said = b""
    with open(read_end, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], _SELF_TEST_SECONDS)[0]:
            piece = pipe.read(4096)
            if not piece:
                break
            said += piece
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return said.decode(errors="replace")


def _attacks(private: Iterable[str], new: str, parent: int) -> dict[str, Attack]:
    """Name what an answer may try; the last ones use up what the others need."""

    def write() -> None:
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(new)

    def make_folder() -> None:
        os.mkdir(new)
        os.rmdir(new)

    def lock() -> None:
        with open(os.__file__, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)

    def fork() -> None:
        if os.fork() == 0:
            os._exit(0)
        os.wait()

    def use_descriptors() -> None:
        for _ in range(64):
            os.dup(0)

    home = os.path.expanduser("~")
    secrets = (*private, home) if os.path.isdir(home) else tuple(private)
    return {
        **{f"reading {path}": partial(_look_into, path) for path in secrets},
        "reading /etc/passwd": lambda: _look_into("/etc/passwd"),
        "reading its own map": lambda: _look_into("/proc/self/maps"),
        "reading another's environment": lambda: _look_into(f"/proc/{parent}/environ"),
        "reading another's memory": lambda: _look_into(f"/proc/{parent}/mem"),
        "writing a file": write,
        "making a folder": make_folder,
        "locking a file": lock,
        "signalling another process": lambda: os.kill(parent, 0),
        "internet": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "local sockets": lambda: socket.socket(socket.AF_UNIX).close(),
        "changing the root": lambda: os.chroot("/"),
        "raising a limit": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        "much memory": lambda: mmap.mmap(-1, 2**28).close(),
        "a new thread": lambda: _thread.start_new_thread(int, ()),
        "a new process": fork,
        "many descriptors": use_descriptors,
        "another program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    }


def _look_into(path: str) -> None:
    """Open a file, or list a folder."""
    fd = os.open(path, os.O_RDONLY)
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.listdir(fd)
    os.close(fd)
