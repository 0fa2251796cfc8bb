"""The engine ends every job with an answer or a reason, and outlives all of them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dojo import bubble, wire
from dojo.engine import Engine, EngineError, Run, Silence
from dojo.launch import can_fork
from dojo.reference import input_names
from dojo.walls import full_sandbox
from dojo.wire import Job, Observed

CASES = """
def double(kata, draw, n):
    return kata.double(draw.normal(n))
def count(kata, draw, n):
    return kata.count(draw.host(Counter, start=n))
class Counter: pass
"""
HONEST = """
import torch
def double(x): return 2 * x
def count(counter): return [counter.step(by=2) for _ in range(3)]
"""


class Counter:
    """A hosted object."""

    def __init__(self, start: int) -> None:
        self.value = start
        self.calls = 0

    def step(self, by: int) -> int:
        """Count on."""
        if by < 0:
            raise ValueError("only forwards")
        self.calls += 1
        self.value += by
        return self.value

    def observed(self) -> dict[str, int]:
        """Report."""
        return {"calls": self.calls}


def host(name: str, seed: str, sizes: dict[str, Any]) -> Counter:
    assert name == "Counter"
    return Counter(**sizes)


def run(engine: Engine, source: str, *, limit: float = 3.0) -> Run:
    runs = tuple(
        (str(i), name, wire.encode({"n": n}))
        for i, (name, n) in enumerate([("double", 3), ("count", 5)])
    )
    job = Job(source, "answer.py", CASES, runs, ("double", "count"))  # type: ignore[arg-type]
    return engine.run(job, [limit] * 2, host)


def double(body: str) -> str:
    """An answer whose first case does something, and whose second is honest."""
    return HONEST.replace("return 2 * x", body)


def why(run: Run, index: int = 0) -> str:
    ended = run.ended[index]
    assert isinstance(ended, Silence)
    return f"{ended.why}: {ended.detail}"


def value(run: Run, index: int) -> Any:
    ended = run.ended[index]
    assert isinstance(ended, Observed), ended
    assert ended.failure is None
    return wire.decode(ended.value)


def kind(run: Run, index: int = 0) -> str:
    ended = run.ended[index]
    assert isinstance(ended, Observed) and ended.failure is not None
    return ended.failure.kinds[0]


def test_honest_answer_comes_back_with_the_hosts_own_log(engine: Engine) -> None:
    result = run(engine, HONEST)

    assert (3,) == value(result, 0).shape
    assert [7, 9, 11] == value(result, 1)
    assert (("Counter", wire.encode({"calls": 3})),) == result.hosted[1]


def test_fresh_process_gives_the_same_answer(engine: Engine) -> None:
    with Engine(fork=False) as fresh:
        theirs = run(fresh, HONEST)
    ours = run(engine, HONEST)

    assert ours.ended == theirs.ended
    assert ours.hosted == theirs.hosted


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("exec('while True: pass')", "too slow: 1 s"),
        ("import signal; signal.raise_signal(signal.SIGSTOP)", "too slow: 1 s"),
        ("'a' * 30 and __import__('re').match('(a+)+$', 'a' * 60 + 'b')", "too slow: 1 s"),
        ("__import__('os')._exit(0)", "stopped: ended itself with exit status 0"),
        ("__import__('ctypes').string_at(0)", "stopped: was ended by SIGSEGV"),
        ("__import__('os').abort()", "stopped: was ended by SIGABRT"),
        ("__import__('os').close(3)", "stopped: "),
        ("__import__('os').write(3, b'x' * 100)", "malformed: "),
        ("__import__('os').write(3, (2**62).to_bytes(8, 'little'))", "malformed: a message of"),
        ("__import__('os').write(3, (4).to_bytes(8, 'little') + b'abcd')", "malformed: "),
    ],
)
def test_case_that_falls_silent_has_its_reason_and_costs_no_other(
    engine: Engine, body: str, expected: str
) -> None:
    result = run(engine, double(body), limit=1.0)

    assert why(result).startswith(expected)
    assert [7, 9, 11] == value(result, 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise SystemExit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return double(x)", "RecursionError"),
        ("return torch.zeros(10 * 2**28)", "RuntimeError"),
        ("return bytearray(10 * 2**30)", "MemoryError"),
        ("return undefined", "NameError"),
    ],
)
def test_case_that_raises_says_what(engine: Engine, body: str, expected: str) -> None:
    result = run(engine, double(body))

    assert expected == kind(result)
    assert [7, 9, 11] == value(result, 1)


def test_failure_points_into_the_learners_file_only(engine: Engine) -> None:
    ended = run(engine, double("return torch.zeros(2) @ torch.zeros(3)")).ended[0]

    assert isinstance(ended, Observed) and ended.failure is not None
    assert [(3, "double")] == [(step.line, step.function) for step in ended.failure.steps]


def test_exception_whose_message_raises_is_reported_without_it(engine: Engine) -> None:
    source = "class Odd(Exception):\n    def __str__(self): raise self\n" + double("raise Odd")
    ended = run(engine, source).ended[0]

    assert isinstance(ended, Observed) and ended.failure is not None
    assert "(its message could not be read)" == ended.failure.message


def test_two_time_outs_are_enough(engine: Engine) -> None:
    source = "def double(x):\n    while True: pass\ncount = double\n"
    runs = tuple((str(i), "double", wire.encode({"n": 2})) for i in range(4))
    job = Job(source, "answer.py", CASES, runs, ())  # type: ignore[arg-type]

    result = engine.run(job, [0.3] * 4)

    assert ["too slow", "too slow", "not run", "not run"] == [
        ended.why for _, ended in sorted(result.ended.items()) if isinstance(ended, Silence)
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def double(x:\n    pass", "SyntaxError"),
        ("raise OSError('no')", "OSError"),
        ("import sys; sys.exit()", "SystemExit"),
        ("import nowhere", "ModuleNotFoundError"),
    ],
)
def test_file_that_does_not_load_says_why(engine: Engine, source: str, expected: str) -> None:
    broken = run(engine, source).broken

    assert isinstance(broken, wire.Failure)
    assert expected == broken.kinds[0]


def test_file_that_ends_its_process_says_so(engine: Engine) -> None:
    broken = run(engine, "import os; os._exit(3)").broken

    assert Silence("stopped", "ended itself with exit status 3") == broken


def test_names_that_are_missing_are_reported_with_those_that_are_there(engine: Engine) -> None:
    began = run(engine, "def dubble(x): return 2 * x\nimport torch\nfrom math import sqrt\n").began

    assert began is not None
    assert ("double", "count") == began.missing
    assert ("dubble",) == began.found


def test_a_million_lines_are_cut_and_do_not_block(engine: Engine) -> None:
    result = run(engine, double("[print('x' * 20) for _ in range(10**6)]; return 2 * x"), limit=20)

    assert (3,) == value(result, 0).shape
    assert len(result.printed) < 10_000
    assert "21.0 MB in all" in result.printed


def test_result_that_is_too_large_is_described(engine: Engine) -> None:
    source = double("return [torch.zeros(2**22) for _ in range(20)]")
    ended = run(engine, source, limit=20).ended[0]

    assert isinstance(ended, Observed)
    assert isinstance(ended.value, wire.Other)
    assert "MB" in ended.value.name


def test_hosted_object_refuses_by_an_exception_in_the_learners_code(engine: Engine) -> None:
    source = HONEST.replace("by=2", "by=-2")

    assert "ValueError" == kind(run(engine, source), 1)


@pytest.mark.parametrize("name", ["observed", "_private", "absent", "value"])
def test_hosted_object_shows_its_public_methods_only(engine: Engine, name: str) -> None:
    source = HONEST.replace("counter.step(by=2)", f"getattr(counter, {name!r})()")

    assert kind(run(engine, source), 1) in ("AttributeError", "RuntimeError")


def test_hosted_object_takes_plain_values_only(engine: Engine) -> None:
    source = HONEST.replace("by=2", "by=object()")

    assert "TypeError" == kind(run(engine, source), 1)


def test_input_that_is_written_into_is_reported_by_name(engine: Engine) -> None:
    cases = (
        "def double(kata, draw, n):\n"
        "    x = draw.normal(n)\n"
        "    y = [kata.double(value) for value in (x, draw.normal(3))]\n"
        "    z = dict(inner=kata.double(draw.normal(4)))\n"
        "    kata.double(draw.normal(5))\n"
    )
    job = Job(
        double("x *= 2; return x"),
        "answer.py",
        cases,
        (("1", "double", wire.encode({"n": 2})),),  # type: ignore[arg-type]
        inputs=input_names(cases),
    )

    ended = engine.run(job, [3.0]).ended[0]

    assert isinstance(ended, Observed)
    assert ("x", "y", "inner", "the input of shape (5)") == ended.modified


def test_what_an_answer_starts_without_walls_dies_with_it(tmp_path: Path) -> None:
    sign = tmp_path / "alive"
    command = f"touch {sign}-0; sleep 1; touch {sign}-1"
    body = f"__import__('subprocess').Popen(['sh', '-c', {command!r}]).pid; time.sleep(0.3)"
    with Engine(sandbox=False) as engine:
        run(engine, "import time" + double(f"{body}; return 2 * x"))
    time.sleep(1.2)

    assert ["alive-0"] == [path.name for path in tmp_path.iterdir()]


def test_walls_are_proved_before_the_first_answer(engine: Engine) -> None:
    run(engine, HONEST)

    assert engine.report
    assert {"stands"} == set(engine.report.values())


def test_folder_that_children_could_read_is_refused() -> None:
    import torch

    inside = Path(torch.__file__).parent
    with Engine(closed=[inside]) as engine, pytest.raises(EngineError, match="would be readable"):
        run(engine, HONEST)


def test_child_holds_no_descriptor_but_its_own(engine: Engine) -> None:
    source = (
        "import os\ndef is_open(fd):\n    try: os.fstat(fd)\n    except OSError: return False\n"
        "    return True\n" + double("return [fd for fd in range(1000) if is_open(fd)]")
    )

    assert [0, 1, 2, 3] == value(run(engine, source), 0)


def test_nothing_of_one_answer_is_left_for_the_next(engine: Engine) -> None:
    run(engine, double("import builtins; builtins.left = torch.left = 1; return 2 * x"))
    result = run(
        engine,
        double("import builtins; return hasattr(builtins, 'left') or hasattr(torch, 'left')"),
    )

    assert value(result, 0) is False


def test_engine_leaves_no_process_and_no_folder_behind() -> None:
    with Engine() as engine:
        run(engine, HONEST)
        assert engine._warm is not None
        folder = Path(engine._warm.folder)
        pids = {engine._warm.process.pid, engine._warm.pid}

    assert not folder.exists()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_library_that_does_exercises_is_not_there(engine: Engine) -> None:
    pytest.importorskip("scipy")
    around = (
        "import importlib.util as u, os, sysconfig; "
        "path = os.path.join(sysconfig.get_path('purelib'), 'scipy', '__init__.py'); "
        "spec = u.spec_from_file_location('scipy', path); "
        "spec.loader.exec_module(u.module_from_spec(spec))"
    )

    for body, error in (
        ("import scipy.special", "ModuleNotFoundError"),
        ("import sys; sys.meta_path.clear(); import scipy.special", "ModuleNotFoundError"),
        (around, "PermissionError"),
    ):
        ended = run(engine, double(body)).ended[0]
        assert isinstance(ended, Observed) and ended.failure is not None
        assert error == ended.failure.kinds[0]


@pytest.mark.parametrize(
    "body",
    ["import sympy, torch.distributions, numpy.testing; return 1.0", "import wave; return 1.0"],
)
def test_what_is_provided_can_be_imported_late(engine: Engine, body: str) -> None:
    assert 1.0 == value(run(engine, double(body)), 0)


def test_function_that_would_be_compiled_runs_as_it_is(engine: Engine) -> None:
    compiled = HONEST.replace("def double", "@torch.compile(fullgraph=True)\ndef double")
    scripted = "import torch\n@torch.jit.script\ndef double(x):\n    return 2 * x\n"

    expected = value(run(engine, HONEST), 0).tolist()
    assert expected == value(run(engine, compiled), 0).tolist()
    assert expected == value(run(engine, scripted), 0).tolist()


@pytest.mark.skipif(sys.platform != "linux", reason="the walls stand on Linux only")
@pytest.mark.parametrize("fork", [True, False])
def test_sandbox_can_be_judged_before_any_answer_runs(fork: bool, tmp_path: Path) -> None:
    with Engine(fork=fork, closed=[tmp_path]) as engine:
        report = engine.examine()
    assert full_sandbox(report)
    assert f"reading {tmp_path}" in report


@pytest.mark.parametrize("fork", [True, False])
def test_sandbox_that_is_off_is_not_full(fork: bool) -> None:
    with Engine(fork=fork and can_fork(), sandbox=False) as engine:
        assert not full_sandbox(engine.examine())


# ------------------------------------------------------------ bubblewrap, where it is installed

LOOK = double(
    "import os; return [os.path.exists(path) for path in PATHS] + [len(os.listdir(os.getcwd()))]"
)
needs_bubble = pytest.mark.skipif(
    bubble.state() != "on", reason=f"bubblewrap around the warm process is {bubble.state()}"
)


@needs_bubble
@pytest.mark.parametrize(("switch", "seen"), [("on", False), ("off", True)])
def test_bubble_leaves_nothing_of_a_home_to_be_seen(
    switch: str, seen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(bubble.SWITCH, switch)
    source = LOOK.replace("PATHS", repr([str(tmp_path), "/etc/hostname", "/usr/lib"]))
    with Engine(closed=[tmp_path]) as engine:
        ended = run(engine, source).ended[0]
        assert full_sandbox(engine.report)
        assert engine._warm is not None
        assert seen is (engine._warm.pid == engine._warm.process.pid)

    assert (
        isinstance(ended, Observed) and ended.failure is not None
    )  # the folder is not for listing
    with Engine(closed=[tmp_path]) as engine:
        found = value(run(engine, source.replace(" + [len(os.listdir(os.getcwd()))]", "")), 0)
    assert [seen, seen, True] == found


@needs_bubble
def test_warm_process_that_is_given_up_early_ends_with_its_bubble() -> None:
    with Engine() as engine:
        assert engine._warm is not None
        pid = engine._warm.pid

    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.skipif(not can_fork(), reason="there is no warm process")
@pytest.mark.parametrize("script", ["exit 1", "sleep 0.2; exit 1"])
def test_engine_works_where_a_bubble_is_not_allowed(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(bubble.SWITCH, "on")

    assert "not allowed here" == bubble.state()
    with Engine() as engine:
        assert [7, 9, 11] == value(run(engine, HONEST), 1)
        assert full_sandbox(engine.report)


def test_bubble_that_is_missing_or_switched_off_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(bubble.SWITCH, raising=False)
    assert "not installed" == bubble.state()
    monkeypatch.setenv(bubble.SWITCH, "off")
    assert "switched off by DOJO_BUBBLEWRAP" == bubble.state()


def test_results_that_are_too_large_together_are_cut_off(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = "def case(kata, draw):\n    return kata.f()\n"
    source = "import torch\ndef f(): return torch.zeros(2**18)"  # a megabyte
    runs = tuple((str(n), "case", wire.Dict(())) for n in range(9))
    job = Job(source, "answer.py", cases, runs)
    monkeypatch.setattr("dojo.engine.MAX_RECEIVED", 3 * 2**20)

    ended = engine.run(job, [9.0] * 9).ended

    assert [0, 1, 2] == [n for n in range(9) if isinstance(ended[n], Observed)]
    assert Silence("not run", "the results before it were too large") == ended[8]
