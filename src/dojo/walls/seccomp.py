"""Seccomp: which system calls a process may make, and with which arguments."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Final, TypeAlias

from dojo.walls.kernel import WallError, syscall

__all__ = ["FREE", "bind", "exists", "filter_for", "filter_program"]

Rule: TypeAlias = "tuple[tuple[int, tuple[int, ...]], ...]"
"""What must hold for a call: at each offset of its description, one of these 32-bit words."""

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LAST_KNOWN: Final = 462
"""Calls beyond this number do not exist, so that libc falls back; x32 calls are among them."""

# Name, number on x86_64, number on aarch64, where −1 stands for none.
FREE: Final = """
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
    for entry in FREE.replace("\n", " ").split(","):
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


def filter_for(machine: str) -> bytes:
    """Return the program for a kind of processor, without the process's own number."""
    if machine not in _ARCHITECTURES or struct.calcsize("P") != 8:
        raise WallError(f"seccomp: the calls of this kind of processor ({machine}) are not known")
    return filter_program(machine, _ANY_PID)


_ANY_PID: Final = 0xFEEDFACE
_NUMBER_OF_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}


def bind(libc: ctypes.CDLL, program: bytes) -> None:
    """Bind every thread of the calling process to a program, for good."""
    own = struct.pack("I", os.getpid())
    program = program.replace(struct.pack("I", _ANY_PID), own)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    number = _NUMBER_OF_SECCOMP[os.uname().machine]
    set_filter, every_thread = 1, 1
    if syscall(libc, "seccomp", number, set_filter, every_thread, header):
        raise WallError("seccomp: a thread could not be bound")


def exists(libc: ctypes.CDLL) -> bool:
    """Whether this kernel has it, by asking only."""
    number = _NUMBER_OF_SECCOMP.get(os.uname().machine)
    if number is None or struct.calcsize("P") != 8:
        return False
    ask, kill = ctypes.c_long(2), struct.pack("I", _KILL_PROCESS)
    return bool(libc.syscall(ctypes.c_long(number), ask, ctypes.c_long(0), kill) == 0)
