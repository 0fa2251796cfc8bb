"""Each wall stops its attacks, and each attack works where its walls are down."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import faulthandler
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dojo import walls
from dojo.walls import (
    WallError,
    Walls,
    available,
    filter_program,
    landlock,
    prepare,
    raise_walls,
    seccomp,
    selftest,
)

resource = pytest.importorskip("resource", reason="there are no such walls on Windows")
here = available()
needs_kernel = pytest.mark.skipif(
    not (here["landlock"] and here["seccomp"]),
    reason=f"needs Linux with Landlock and seccomp; this kernel offers {here}",
)
as_root = sys.platform == "linux" and os.geteuid() == 0

DONE, REFUSED, NO_WALL = 0, 3, 4
SMALL = Walls(memory=2**28, descriptors=40, cpu=20)
ALL = {"limits", "landlock", "seccomp"}


def roomy(settings: Walls) -> Walls:
    """Allow for what this process has open: other tests of the same run may hold much."""
    return replace(settings, descriptors=settings.descriptors + len(os.listdir("/proc/self/fd")))


def in_child(work: Callable[[], object], settings: Walls) -> int:
    """Run something behind walls; return DONE, REFUSED, NO_WALL or minus the signal it died of."""
    prepared = prepare(roomy(settings))
    pid = os.fork()
    if pid == 0:
        status = NO_WALL
        try:
            raise_walls(prepared)
            status = REFUSED
            work()
            status = DONE
        except (OSError, MemoryError, RuntimeError, ImportError, ValueError):
            pass
        finally:
            os._exit(status)
    if prepared.ruleset >= 0:
        os.close(prepared.ruleset)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def only(*names: str) -> Walls:
    """Settings with these walls and no others."""
    return replace(SMALL, **{name: name in names for name in ALL})


# ------------------------------------------------------------------------------ the attacks


class Target:
    """What the attacks are aimed at: a folder, a listening server, the test's own process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "solution.py").write_text("secret")
        self.parent = os.getpid()
        self.shared = Path(f"/dev/shm/dojo-test-{self.parent}")
        self.server = socket.create_server(("127.0.0.1", 0))
        self.local = socket.socket(socket.AF_UNIX)
        self.local.bind(f"\0dojo-test-{os.getpid()}")
        self.local.listen()

    def close(self) -> None:
        self.server.close()
        self.local.close()
        self.shared.unlink(missing_ok=True)

    def read_solution(self) -> None:
        (self.folder / "solution.py").read_text()

    def list_folder(self) -> None:
        os.listdir(self.folder)

    def see_processes(self) -> None:
        Path(f"/proc/{self.parent}/cmdline").read_bytes()

    def read_own_map(self) -> None:
        Path("/proc/self/maps").read_text()

    def write_file(self) -> None:
        (self.folder / "left").write_text("for the next one")

    def append(self) -> None:
        with open(self.folder / "solution.py", "ab", buffering=0) as file:
            file.write(b" ")

    def make_folder(self) -> None:
        os.mkdir(self.folder / "new")
        os.rmdir(self.folder / "new")

    def rename(self) -> None:
        os.rename(self.folder / "solution.py", self.folder / "other.py")
        os.rename(self.folder / "other.py", self.folder / "solution.py")

    def link(self) -> None:
        os.symlink("/", self.folder / "link")
        os.unlink(self.folder / "link")

    def shared_memory(self) -> None:
        os.close(os.open(self.shared, os.O_CREAT | os.O_RDWR, 0o600))

    def lock(self) -> None:
        import fcntl

        with open(os.__file__, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)

    def lock_by_fcntl(self) -> None:
        import fcntl

        with open(os.__file__, "rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH)

    def signal_parent(self) -> None:
        os.kill(self.parent, 0)

    def signal_by_descriptor(self) -> None:
        signal.pidfd_send_signal(os.pidfd_open(self.parent), 0)

    def udp(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", ("127.0.0.1", 9))

    def tcp(self) -> None:
        socket.create_connection(self.server.getsockname()[:2], 2).close()

    def listen(self) -> None:
        socket.create_server(("127.0.0.1", 0)).close()

    def abstract_socket(self) -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"\0dojo-test-{self.parent}")

    def fork(self) -> None:
        if os.fork() == 0:
            os._exit(0)
        os.wait()

    def thread(self) -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    def exec(self) -> None:
        os.execv("/bin/true", ["true"])

    def memory(self) -> None:
        mmap.mmap(-1, 2**30).close()

    def descriptors(self) -> None:
        for _ in range(100):
            os.dup(0)

    def memory_file(self) -> None:
        os.close(os.memfd_create("x"))

    def trace(self) -> None:
        check(ctypes.CDLL(None).ptrace(0, 0, 0, 0))

    def be_dumpable(self) -> None:
        check(ctypes.CDLL(None).prctl(4, 1, 0, 0, 0))

    def change_limits(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))

    def change_folder(self) -> None:
        os.chdir("/")

    def pipe(self) -> None:
        os.pipe()

    def key(self) -> None:
        number = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
        check(ctypes.CDLL(None).syscall(number, 0, -3, 1))  # keyctl: own process keyring


def check(result: int) -> None:
    if result < 0:
        raise OSError("refused")


@pytest.fixture
def target() -> Iterator[Target]:
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Target(Path(folder))) as aim:
        yield aim


Attack = Callable[[Target], None]
L, S, R = "landlock", "seccomp", "limits"
STOPPED_BY: dict[Attack, set[str]] = {
    Target.read_solution: {L},
    Target.list_folder: {L},
    Target.see_processes: {L},
    Target.read_own_map: {L},
    Target.write_file: {L, R},
    Target.append: {L, R},
    Target.make_folder: {L, S},
    Target.rename: {L, S},
    Target.link: {L, S},
    Target.shared_memory: {L},
    Target.lock: {S},
    Target.lock_by_fcntl: {S},
    Target.signal_parent: {S} | ({L} if here["landlock"] >= 6 else set()),
    Target.signal_by_descriptor: {S} | ({L} if here["landlock"] >= 6 else set()),
    Target.udp: {S},
    Target.tcp: {S} | ({L} if here["landlock"] >= 4 else set()),
    Target.listen: {S} | ({L} if here["landlock"] >= 4 else set()),
    Target.abstract_socket: {S} | ({L} if here["landlock"] >= 6 else set()),
    Target.fork: {S} if as_root else {S, R},
    Target.thread: {S} if as_root else {S, R},
    Target.exec: {S, L},
    Target.memory: {R},
    Target.descriptors: {R},
    Target.memory_file: {S},
    Target.trace: {S},
    Target.be_dumpable: {S},
    Target.change_limits: {S},
    Target.change_folder: {S},
    Target.pipe: {S},
    Target.key: {S},
}
attacks = pytest.mark.parametrize("attack", STOPPED_BY, ids=lambda attack: attack.__name__)


@needs_kernel
@attacks
def test_attack_fails_behind_all_walls(attack: Attack, target: Target) -> None:
    assert REFUSED == in_child(lambda: attack(target), SMALL)


@needs_kernel
@attacks
def test_each_of_its_walls_alone_stops_an_attack(attack: Attack, target: Target) -> None:
    expected = dict.fromkeys(STOPPED_BY[attack], REFUSED)
    actual = {name: in_child(lambda: attack(target), only(name)) for name in expected}
    assert expected == actual


@needs_kernel
@attacks
def test_attack_works_with_its_walls_down(attack: Attack, target: Target) -> None:
    others = ALL - STOPPED_BY[attack]
    assert DONE == in_child(lambda: attack(target), only(*others))


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@needs_kernel
def test_processor_time_ends_even_for_a_process_that_goes_on_after_the_warning() -> None:
    read_end, write_end = os.pipe()

    def stubborn() -> None:
        signal.signal(signal.SIGXCPU, lambda *_: os.write(write_end, b"warned"))
        spin(2.3)

    assert -signal.SIGKILL == in_child(stubborn, replace(SMALL, cpu=1))
    assert b"warned" == os.read(read_end, 6)
    os.close(read_end)
    os.close(write_end)


@needs_kernel
def test_processor_time_goes_on_without_the_limits() -> None:
    assert DONE == in_child(lambda: spin(1.05), replace(SMALL, cpu=1, limits=False))


@needs_kernel
@pytest.mark.parametrize(
    ("name", "most"),
    [("CORE", 0), ("FSIZE", 0), ("NPROC", 0), ("MEMLOCK", 0), ("MSGQUEUE", 0), ("STACK", 2**23)],
)
def test_limit_is_set_for_good(name: str, most: int) -> None:
    kind = getattr(resource, f"RLIMIT_{name}")

    def check_limit() -> None:
        if not 0 <= resource.getrlimit(kind)[1] <= most:
            raise RuntimeError

    assert DONE == in_child(check_limit, only("limits"))
    assert REFUSED == in_child(check_limit, only()) or resource.getrlimit(kind)[1] == most


@needs_kernel
@pytest.mark.skipif(not as_root, reason="only root has privileges to lose")
def test_root_loses_its_privileges_even_without_other_walls(target: Target) -> None:
    assert REFUSED == in_child(lambda: os.chroot("/"), only())
    pid = os.fork()
    if pid == 0:
        os.chroot("/")
        os._exit(DONE)
    assert DONE == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@needs_kernel
@pytest.mark.parametrize(("walled", "outlives"), [(True, False), (False, True)])
def test_a_walled_process_does_not_outlive_its_parent(walled: bool, outlives: bool) -> None:
    lifeline, held = os.pipe()
    middle = os.fork()
    if middle == 0:
        if os.fork() == 0:
            if walled:
                raise_walls(prepare(only()))
            os.write(held, b"x")
            time.sleep(0.3)
            os.write(held, b"alive")
            os._exit(0)
        time.sleep(10)
        os._exit(0)
    os.close(held)
    os.read(lifeline, 1)
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    assert (b"alive" if outlives else b"") == os.read(lifeline, 9)
    os.close(lifeline)


@needs_kernel
def test_another_process_of_the_same_user_cannot_look_into_a_walled_one() -> None:
    def look(hides: bool) -> int:
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            raise_walls(prepare(only()))
            if not hides:
                ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable again
            os.write(write_end, b"x")
            time.sleep(10)
            os._exit(0)
        os.read(read_end, 1)
        os.close(read_end)
        os.close(write_end)
        seen = in_child(lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_RDONLY)), only())
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return seen

    assert REFUSED == look(hides=True)
    assert DONE == look(hides=False)


# -------------------------------------------------------------------------- what must work

ORDINARY: dict[str, Callable[[], object]] = {
    "imports what is not loaded yet": lambda: __import__("wave"),
    "loads a shared object": lambda: __import__("_lzma"),
    "has random bytes": lambda: os.close(os.open("/dev/urandom", os.O_RDONLY)),
    "may throw text away": lambda: Path(os.devnull).write_text("x"),
    "knows itself": lambda: (os.getpid(), os.uname(), os.cpu_count(), os.getcwd()),
    "may signal itself": lambda: os.kill(os.getpid(), 0),
    "may sleep": lambda: time.sleep(0.001),
    "reads its limits": lambda: resource.getrlimit(resource.RLIMIT_AS),
    "has room for 128 MiB": lambda: mmap.mmap(-1, 2**27).close(),
    "duplicates descriptors": lambda: os.close(os.dup(0)),
    "calls back from C": lambda: ctypes.CFUNCTYPE(ctypes.c_int)(int).__call__(),
    "may write machine code": lambda: mmap.mmap(-1, 4096, prot=7).close(),
}


@needs_kernel
@pytest.mark.parametrize("work", ORDINARY.values(), ids=ORDINARY.keys())
def test_an_answer_still(work: Callable[[], object]) -> None:
    assert DONE == in_child(work, SMALL)


@contextlib.contextmanager
def quiet_faults() -> Iterator[None]:
    """Keep pytest from printing the stack of a child that aborts on purpose."""
    enabled = faulthandler.is_enabled()
    faulthandler.disable()
    yield
    if enabled:
        faulthandler.enable(2)


@needs_kernel
def test_a_signal_that_a_process_raises_ends_it() -> None:
    assert -signal.SIGTERM == in_child(lambda: signal.raise_signal(signal.SIGTERM), SMALL)
    with quiet_faults():
        assert -signal.SIGABRT == in_child(os.abort, SMALL)


TORCH = """
import os, sys, tempfile
import torch
from torch import nn
torch.set_num_threads(1)
(torch.ones(2, 2) @ torch.ones(2, 2)).sum()
from dojo.walls import Walls, prepare, raise_walls
tempfile.tempdir = os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.getcwd()
prepared = prepare(Walls())
pid = os.fork()
if pid == 0:
    print(*raise_walls(prepared), flush=True)
    x = torch.randn(2, 5, 8, requires_grad=True)
    nn.LSTM(8, 8)(x)[0].sum().backward()
    nn.Conv1d(5, 4, 3)(x).sum().backward()
    torch.linalg.svd(x), torch.linalg.eigh(x[0, :, :5]), (x.bfloat16() @ x.bfloat16().mT).sum()
    model = nn.Linear(8, 8)
    torch.optim.AdamW(model.parameters()).step()
    torch.func.vmap(torch.func.grad(lambda v: v.sum() ** 2))(x)
    torch.Generator().seed()
    import doctest, fractions, statistics, numpy
    numpy.linalg.svd(numpy.random.default_rng().normal(size=(9, 9)))
    from jaxtyping import Float
    isinstance(x, Float[torch.Tensor, "B T D"])
    print("well", flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""


@needs_kernel
def test_torch_works_in_a_fork_behind_the_walls(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    source = str(Path(walls.__file__).parent.parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", TORCH],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ["privileges limits landlock seccomp", "well"] == done.stdout.split("\n")[:2], done


# ------------------------------------------------------------------- what is asked and said


@needs_kernel
def test_raising_names_what_stands() -> None:
    read_end, write_end = os.pipe()
    prepared = prepare(only("limits", "seccomp"))
    if os.fork() == 0:
        os.write(write_end, " ".join(raise_walls(prepared)).encode())
        os._exit(0)
    os.wait()
    assert b"privileges limits seccomp" == os.read(read_end, 100)
    os.close(read_end)
    os.close(write_end)


@needs_kernel
def test_preparation_serves_many_children(target: Target) -> None:
    prepared = prepare(roomy(SMALL))
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            raise_walls(prepared)
            with contextlib.suppress(PermissionError):
                target.read_solution()
                os._exit(DONE)
            os._exit(REFUSED)
        assert REFUSED == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(prepared.ruleset)


@needs_kernel
def test_rules_are_out_of_the_way_of_a_childs_streams() -> None:
    prepared = prepare(SMALL)
    assert prepared.ruleset >= 64
    os.close(prepared.ruleset)


@needs_kernel
def test_memory_may_be_set_per_job() -> None:
    prepared = prepare(roomy(SMALL))
    for memory, expected in ((2**31, DONE), (2**26, REFUSED)):
        pid = os.fork()
        if pid == 0:
            raise_walls(prepared, memory=memory)
            with contextlib.suppress(OSError):
                mmap.mmap(-1, 2**29)
                os._exit(DONE)
            os._exit(REFUSED)
        assert expected == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(prepared.ruleset)


@needs_kernel
def test_a_second_thread_is_refused() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with pytest.raises(WallError, match=r"^threads"):
            raise_walls(prepare(only()))
    finally:
        stop.set()
        thread.join()


@needs_kernel
def test_a_private_folder_inside_a_readable_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WallError, match=r"^landlock: .*would be readable"):
        prepare(SMALL, readable=[str(tmp_path)], closed=[str(tmp_path / "solutions")])
    os.close(prepare(SMALL, readable=[str(tmp_path / "a")], closed=[str(tmp_path)]).ruleset)


@needs_kernel
@pytest.mark.parametrize(("mode", "expected"), [(os.O_RDONLY, DONE), (os.O_WRONLY, REFUSED)])
def test_what_may_be_read_may_not_be_written(tmp_path: Path, mode: int, expected: int) -> None:
    file = tmp_path / "file"
    file.touch()
    prepared = prepare(only("landlock"), readable=[str(tmp_path)])
    pid = os.fork()
    if pid == 0:
        raise_walls(prepared)
        with contextlib.suppress(PermissionError):
            os.open(file, mode)
            os._exit(DONE)
        os._exit(REFUSED)
    assert expected == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(prepared.ruleset)


@needs_kernel
def test_a_kernel_without_landlock_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda libc: 0)
    with pytest.raises(WallError, match=r"^landlock"):
        prepare(SMALL)
    assert not walls.strongest(SMALL).landlock


@needs_kernel
def test_an_unknown_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "", "", "", "riscv64")))
    with pytest.raises(WallError, match=r"^seccomp.*riscv64"):
        prepare(SMALL)
    assert not walls.strongest(SMALL).seccomp


@needs_kernel
def test_readable_paths_leave_out_home_and_processes() -> None:
    paths = [Path(path).resolve() for path in walls.readable_paths()]
    home = Path.home().resolve()
    assert [] == [path for path in paths if home.is_relative_to(path)]
    assert [] == [path for path in paths if Path("/proc/self").is_relative_to(path)]


@needs_kernel
def test_self_test_says_that_everything_stands() -> None:
    report = walls.self_test([str(Path(__file__).parent)])
    assert {"stands"} == set(report.values()), report
    assert f"reading {Path(__file__).parent}" in report


@needs_kernel
@pytest.mark.parametrize(
    ("wall", "fallen"),
    [("landlock", "reading /etc/passwd"), ("seccomp", "internet"), ("limits", "much memory")],
)
def test_self_test_notices_a_missing_wall(
    wall: str, fallen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "strongest", lambda asked: replace(asked, **{wall: False}))
    # However much the caller has open: a lack of descriptors is no wall.
    with contextlib.ExitStack() as held:
        for _ in range(100):
            held.enter_context(open(os.devnull, "rb"))
        report = walls.self_test()
    assert "falls" == report[fallen]
    assert "stands" in report.values()


@needs_kernel
@pytest.mark.parametrize("wall", ["landlock", "seccomp", "limits"])
def test_sandbox_without_a_wall_is_not_full(wall: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert walls.full_sandbox(walls.self_test())
    monkeypatch.setattr(selftest, "strongest", lambda asked: replace(asked, **{wall: False}))
    sandbox = walls.full_sandbox(walls.self_test())
    assert not sandbox
    assert all(gap.endswith(": falls") for gap in sandbox.gaps)


def test_sandbox_that_nobody_has_tested_is_not_full() -> None:
    assert ("the sandbox is switched off, or has not been tested",) == walls.full_sandbox({}).gaps
    assert not walls.full_sandbox({"walls": "stand on Linux only"})


@needs_kernel
def test_self_test_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def traces() -> tuple[int, list[str], list[str]]:
        # Other tests of the same run may have processes of their own.
        children = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
        files = [path.name for path in tmp_path.iterdir()]
        return len(os.listdir("/proc/self/fd")), files, sorted(" ".join(children).split())

    before = traces()
    walls.self_test()
    assert before == traces()


def test_available_looks_at_four_things() -> None:
    assert ["landlock", "seccomp", "user namespaces", "bubblewrap"] == list(available())


# ---------------------------------------------------- the filter, on any kernel or processor

ALLOW, EPERM = 0x7FFF0000, 0x00050000 | errno.EPERM
ENOSYS, KILL = 0x00050000 | 38, 0x80000000
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PID = 4321


def judge(machine: str, number: int, *args: int, architecture: int | None = None) -> int:
    """Run the filter on one call as the kernel would."""
    words = [arg % 2**64 for arg in (*args, *[0] * (6 - len(args)))]
    arch = MACHINES[machine] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number, arch, 0, *words)
    program = list(struct.iter_unpack("=HBBI", filter_program(machine, PID)))
    at, word = 0, 0
    while True:
        code, then, otherwise, value = program[at]
        at += 1
        if code == 0x20:
            (word,) = struct.unpack_from("<I", data, value)
        elif code == 0x15:
            at += then if word == value else otherwise
        elif code == 0x35:
            at += then if word >= value else otherwise
        else:
            assert 0x06 == code
            return int(value)


# Number on x86_64 and on aarch64, None where the call does not exist.
FORBIDDEN = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "sendto": (44, 206),
    "sendmsg": (46, 211), "socketpair": (53, 199), "clone": (56, 220), "fork": (57, None),
    "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "memfd_create": (319, 279), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "io_uring_setup": (425, 425),
    "add_key": (248, 217), "keyctl": (250, 219), "flock": (73, 32), "setrlimit": (160, 164),
    "prctl": (157, 167), "seccomp": (317, 277), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "pivot_root": (155, 41), "chroot": (161, 51), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mkdirat": (258, 34), "unlinkat": (263, 35),
    "renameat2": (316, 276), "linkat": (265, 37), "symlinkat": (266, 36), "ftruncate": (77, 46),
    "fchmod": (91, 52), "utimensat": (280, 88), "mknodat": (259, 33), "chdir": (80, 49),
    "inotify_init1": (294, 26), "splice": (275, 76), "vmsplice": (278, 75), "setuid": (105, 146),
    "capset": (126, 91), "init_module": (175, 105), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "landlock_restrict_self": (446, 446), "mlock": (149, 228),
}  # fmt: skip
both = pytest.mark.parametrize(("column", "machine"), list(enumerate(MACHINES)), ids=list(MACHINES))


@both
def test_filter_refuses_dangerous_calls(column: int, machine: str) -> None:
    numbers = {
        name: number for name, pair in FORBIDDEN.items() if (number := pair[column]) is not None
    }
    expected = dict.fromkeys(numbers, EPERM)
    assert expected == {name: judge(machine, number) for name, number in numbers.items()}


@both
def test_filter_allows_reading_writing_memory_and_leaving(column: int, machine: str) -> None:
    numbers = [(0, 63), (1, 64), (257, 56), (9, 222), (10, 226), (202, 98), (231, 94), (318, 278)]
    assert {ALLOW} == {judge(machine, pair[column]) for pair in numbers}


@both
def test_filter_lets_a_process_signal_itself_alone(column: int, machine: str) -> None:
    kill, tgkill = (62, 129)[column], (234, 131)[column]
    own = [judge(machine, number, PID, 9) for number in (kill, tgkill)]
    others = [judge(machine, kill, pid, 9) for pid in (0, -1, 1, -PID, PID + 1)]
    assert [ALLOW, ALLOW] == own
    assert {EPERM} == {*others, judge(machine, tgkill, PID - 1, PID, 9)}


@both
def test_filter_reads_arguments(column: int, machine: str) -> None:
    fcntl, ioctl, limit = (72, 25)[column], (16, 29)[column], (302, 261)[column]
    assert [ALLOW, ALLOW] == [judge(machine, fcntl, 5, command) for command in (0, 1030)]
    locks_and_leases = [5, 6, 7, 8, 10, 37, 38, 1024, 1026, 1031, 1033]
    assert {EPERM} == {judge(machine, fcntl, 5, command) for command in locks_and_leases}
    assert ALLOW == judge(machine, ioctl, 0, 0x5401)
    assert {EPERM} == {judge(machine, ioctl, 0, request) for request in (0x5412, 0x40049409)}
    assert ALLOW == judge(machine, limit, 0, 9, 0, 2**40)
    changed = [(0, 9, 2**33, 0), (0, 9, 8, 0), (1, 9, 0, 2**40)]
    assert {EPERM} == {judge(machine, limit, *args) for args in changed}


@both
def test_filter_denies_that_newer_calls_exist(column: int, machine: str) -> None:
    assert {ENOSYS} == {judge(machine, n) for n in (435, 463, 2000, 0x40000000 + 39, 2**32 - 1)}


@both
def test_filter_ends_a_process_that_uses_another_architecture(column: int, machine: str) -> None:
    assert {KILL} == {judge(machine, 39, architecture=arch) for arch in (0x40000003, 0x40000028)}


@both
def test_filter_allows_no_call_that_is_not_listed(column: int, machine: str) -> None:
    listed = {int(entry.split()[1 + column]) for entry in seccomp.FREE.split(",")} - {-1}
    assert listed == {number for number in range(600) if judge(machine, number, *[7] * 6) == ALLOW}
