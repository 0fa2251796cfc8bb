"""The command says what it does, ends with the right status, and never with a traceback."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from sample_suite import GRADER, README, SOLUTION, Make

from dojo.cli import app, main
from dojo.engine import Engine
from dojo.mistakes import find_mistakes, reference
from dojo.progress import ProgressError
from dojo.suite import Suite
from dojo.verdict import Verdict
from dojo.workspace import progress

RIGHT = reference(SOLUTION)
WRONG = find_mistakes(SOLUTION)[1]
ID = "basics/scaled_sum"


class Borrowed:
    """An engine that outlives the command under test."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, **options: Any) -> Borrowed:
        return self

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class Ran:
    """What came of a command."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Dojo = Callable[..., Ran]


@pytest.fixture
def suite(make_suite: Make, monkeypatch: pytest.MonkeyPatch) -> Suite:
    suite = make_suite()
    monkeypatch.chdir(suite.root)
    return suite


@pytest.fixture
def dojo(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Dojo:
    """Run the command in this process, with the engine that all tests share."""
    for name in ("DOJO_ROOT", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("dojo.engine.Engine", Borrowed(engine))

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["dojo", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        status = ended.value.code or 0
        assert isinstance(status, int)
        assert "Traceback" not in err
        return Ran(status, out, err)

    return run


def write(suite: Suite, source: str) -> None:
    suite.entries[0].stub.write_text(source, encoding="utf-8")


def command(*arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", "dojo", *arguments]


# --- grade ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "status"), [(RIGHT, 0), (WRONG.source, 1), ("def (", 1)])
def test_status_is_one_only_if_something_fails(
    dojo: Dojo, suite: Suite, source: str, status: int
) -> None:
    write(suite, source)

    assert status == dojo("grade").status == dojo("grade", "scaled_sum").status


def test_all_katas_come_as_a_table_and_named_ones_in_full(dojo: Dojo, suite: Suite) -> None:
    write(suite, WRONG.source)

    table, full = dojo("grade"), dojo("grade", "scaled_sum")

    assert table.out.startswith("topic")
    assert "Next: Scaled sum, 5 minutes" in table.out
    assert full.out.startswith(f"✗ {ID} – wrong, 1 of 4 cases pass\n")
    assert f"This looks like: {WRONG.why}" in full.out
    assert WRONG.why in table.out
    assert not table.err + full.err


@pytest.mark.parametrize("name", ["scaled_sum", ID, f"katas/{ID}.py", "basics", "Scaled-Sum"])
def test_kata_is_found_by_every_name_it_has(dojo: Dojo, suite: Suite, name: str) -> None:
    assert f"· {ID} – not started\n" in dojo("grade", name).out


def test_kata_that_is_named_twice_is_graded_once(dojo: Dojo, suite: Suite) -> None:
    assert 1 == dojo("grade", "scaled_sum", ID, "basics").out.count("not started")


def test_fresh_clone_is_graded_without_an_engine(
    dojo: Dojo, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dojo.engine.Engine", None)

    ran = dojo("grade")

    assert 0 == ran.status
    assert "  write   katas/basics/scaled_sum.py\n" in ran.out


def test_json_is_alone_on_stdout(dojo: Dojo, suite: Suite) -> None:
    write(suite, "print('hello')\n" + WRONG.source)

    ran = dojo("grade", "--json")

    found = json.loads(ran.out)
    assert (1, 0, 1, 0) == tuple(
        found[name] for name in ("version", "solved", "failing", "not_started")
    )
    assert "hello" in found["katas"][0]["printed"]
    assert WRONG.why in [case["why"] for case in found["katas"][0]["cases"]]
    assert 1 == ran.status
    assert not ran.err


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("scaled_sun", f"did you mean {ID}?"),
        ("zzz", "`dojo list` shows all"),
    ],
)
def test_name_of_no_kata_is_answered_with_advice_and_nothing_on_stdout(
    dojo: Dojo, suite: Suite, name: str, advice: str
) -> None:
    ran = dojo("grade", "--json", "scaled_sum", name)

    assert (2, "") == (ran.status, ran.out)
    assert f"dojo: no kata is called {name!r}: {advice}\n" == ran.err


def test_broken_grader_is_told_from_a_broken_answer_and_placed(dojo: Dojo, suite: Suite) -> None:
    write(suite, RIGHT)
    suite.entries[0].grader.write_text(GRADER.replace("@case(n=5)", "@case(5)"), encoding="utf-8")

    ran = dojo("grade", "--json")

    assert 1 == ran.status
    (kata,) = json.loads(ran.out)["katas"]
    assert "the kata itself is broken, not your answer: tell its author" == kata["summary"]
    assert f"graders/{ID}.py:" in kata["details"][0]


def test_broken_solution_is_told_from_a_broken_answer(dojo: Dojo, suite: Suite) -> None:
    write(suite, RIGHT)
    text = SOLUTION.replace("    total = x + y", "    total = x + y + z")
    suite.entries[0].solution.write_text(text, encoding="utf-8")

    ran = dojo("grade")

    assert 1 == ran.status
    assert "the kata itself is broken, not your answer" in ran.out


def test_record_that_fails_costs_a_note_and_not_the_verdicts(
    dojo: Dojo, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise ProgressError("the disk is full")

    write(suite, RIGHT)
    monkeypatch.setattr("dojo.cli.remember", refuse)

    ran = dojo("grade", "--json")

    assert 0 == ran.status
    assert 1 == json.loads(ran.out)["solved"]
    assert "dojo: not recorded: the disk is full\n" == ran.err


@pytest.mark.parametrize("start", [None, "/nowhere"])
def test_place_without_a_suite_is_named(
    dojo: Dojo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if start:
        monkeypatch.setenv("DOJO_ROOT", start)

    ran = dojo("list")

    assert (2, "") == (ran.status, ran.out)
    assert (start or str(tmp_path)) in ran.err
    assert "DOJO_ROOT" in ran.err


# --- looking --------------------------------------------------------------------------------------


def test_list_shows_what_is_solved(dojo: Dojo, suite: Suite) -> None:
    assert dojo("list").out.splitlines()[1].split()[:2] == [ID, "warmup"]
    write(suite, RIGHT)
    dojo("grade")

    assert dojo("list").out.splitlines()[1].split()[:2] == ["✓", ID]


def test_list_is_narrowed_by_name_and_level(dojo: Dojo, suite: Suite, make_suite: Make) -> None:
    make_suite(grader=GRADER.replace('"warmup"', '"hard"'), id="losses/other")

    def listed(*arguments: str) -> list[str]:
        lines = dojo("list", *arguments).out.splitlines()[1:]
        return [line.split()[0] for line in lines]

    assert [ID, "losses/other"] == listed()
    assert ["losses/other"] == listed("losses") == listed("--level", "hard")
    assert "No kata is like that.\n" == dojo("list", "losses", "--level", "core").out
    assert 2 == dojo("list", "--level", "easy").status


def test_show_needs_one_kata(dojo: Dojo, suite: Suite, make_suite: Make) -> None:
    assert "Scaled sum.\n\nReturn scale" in dojo("show", "scaled_sum").out
    make_suite(id="basics/other")

    ran = dojo("show", "basics")

    assert (2, "") == (ran.status, ran.out)
    assert f"dojo: 'basics' is a topic: name one of basics/other, {ID}\n" == ran.err


def test_hints_go_on_where_they_stopped(dojo: Dojo, suite: Suite) -> None:
    shown = [dojo("hint", "scaled_sum") for _ in range(4)]

    assert ["1. Add.\n2 more", "1. Add.\n2. Then scale.\n1 more"] == [
        ran.out.partition(":")[0] for ran in shown[:2]
    ]
    assert shown[2].out == shown[3].out
    assert "That was the last." in shown[3].out
    assert 3 == progress(suite.root).hints_seen(ID)


def test_hints_that_cannot_be_counted_are_all_shown(
    dojo: Dojo, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise ProgressError("read-only")

    monkeypatch.setattr("dojo.progress.Progress.saw_hint", refuse)

    ran = dojo("hint", "scaled_sum")

    assert 0 == ran.status
    assert "3. Check the scale first." in ran.out
    assert "dojo: not recorded: read-only\n" == ran.err


def test_solution_is_shown_after_it_is_found_or_on_demand(dojo: Dojo, suite: Suite) -> None:
    early = dojo("explain", "scaled_sum")
    demanded = dojo("explain", "scaled_sum", "--now")
    write(suite, RIGHT)
    dojo("grade")
    earned = dojo("explain", "scaled_sum")

    assert (2, "") == (early.status, early.out)
    assert "`dojo explain scaled_sum --now`" in early.err
    assert demanded.out == earned.out
    assert earned.out.startswith(SOLUTION)
    assert "What does it cost?\n  One pass.\n" in earned.out


def test_solved_once_is_solved_for_good(dojo: Dojo, suite: Suite) -> None:
    for source in (RIGHT, WRONG.source):
        write(suite, source)
        dojo("grade")

    assert 0 == dojo("explain", "scaled_sum").status
    assert ["✓", ID, "wrong", "1"] == dojo("status", "basics").out.splitlines()[1].split()[:4]


def test_status_before_anything_was_graded_says_how_to_begin(dojo: Dojo, suite: Suite) -> None:
    dojo("grade")  # nothing is started, so nothing is recorded

    assert dojo("status").out.startswith("Nothing graded yet")
    assert not (suite.root / ".dojo" / "progress.sqlite").exists()


# --- writing --------------------------------------------------------------------------------------


def test_reset_says_where_the_old_version_is(dojo: Dojo, suite: Suite) -> None:
    write(suite, "mine = 1\n")

    first, second = dojo("reset", "scaled_sum"), dojo("reset", "scaled_sum")

    kept = first.out.splitlines()[1].removeprefix("Your version is kept as ")
    assert "mine = 1\n" == (suite.root / kept).read_text()
    assert f"katas/{ID}.py is the stub again\n" == second.out


def test_stubs_leave_what_was_edited_and_say_so(dojo: Dojo, suite: Suite) -> None:
    assert (0, "") == (dojo("stubs").status, dojo("stubs").out)
    write(suite, "mine = 1\n")

    left = dojo("stubs")
    mine = suite.entries[0].stub.read_text()
    forced = dojo("stubs", "--force")

    assert "mine = 1\n" == mine
    assert 1 == left.status
    assert f"dojo: katas/{ID}.py was edited and is left as it is\n" in left.err
    assert "--force" in left.err
    assert (0, f"katas/{ID}.py updated\n") == (forced.status, forced.out)


def test_stubs_keep_the_readme_current(dojo: Dojo, suite: Suite) -> None:
    (suite.root / "README.md").write_text(README, encoding="utf-8")

    assert "README.md updated\n" == dojo("stubs").out

    (suite.root / "README.md").write_text("# No place\n", encoding="utf-8")
    assert "dojo: README.md has no place for the catalogue" in dojo("stubs").err


def test_new_kata_says_what_was_written_and_what_comes_next(dojo: Dojo, suite: Suite) -> None:
    ran = dojo("new", "basics/doubled")

    assert (
        "wrote solutions/basics/doubled.py\n"
        "wrote graders/basics/doubled.py\n"
        "wrote tests/oracles/basics/test_doubled.py\n\n"
        "Fill in what says TODO, then:\n"
        "  nox -s stubs -- basics/doubled\n"
        "  nox -s audit -- basics/doubled\n"
    ) == ran.out
    assert 2 == dojo("new", "basics/doubled").status
    assert "is no id" in dojo("new", "Doubled").err


def test_new_kata_may_be_of_another_kind(dojo: Dojo, suite: Suite) -> None:
    assert 0 == dojo("new", "basics/doubled", "--class").status
    assert "class Doubled(nn.Module)" in (suite.root / "solutions/basics/doubled.py").read_text()
    refused = dojo("new", "basics/other", "--numpy", "--random")
    assert 2 == refused.status and "--numpy and --random: choose one" in refused.err


def test_audit_ends_with_one_for_a_broken_rule(dojo: Dojo, suite: Suite) -> None:
    sound = dojo("audit")
    dojo("new", "basics/doubled")
    dojo("stubs")

    broken = dojo("audit", "doubled")

    assert (0, f"✓ {ID}\n\n1 kata audited, 0 broken rules\n") == (sound.status, sound.out)
    assert 1 == broken.status
    assert "✗ basics/doubled\n" in broken.out
    assert "is still to do" in broken.out


@pytest.mark.parametrize("verb", ["reset", "stubs"])
def test_place_that_cannot_be_written_is_named(
    dojo: Dojo, suite: Suite, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    suite.entries[0].stub.unlink()
    monkeypatch.setattr("dojo.workspace._write", refuse)

    ran = dojo(verb, "scaled_sum")

    assert 2 == ran.status
    assert f"{suite.entries[0].stub}: Permission denied" in ran.err


# --- the process ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["list", "--help", "status", "grade"])
def test_start_imports_nothing_heavy(suite: Suite, verb: str) -> None:
    """A fresh clone's `grade` included: nothing is started, so nothing needs torch."""
    heavy = ("torch", "numpy", "black", "msgspec")
    program = (
        "import sys; sys.argv = ['dojo', sys.argv[1]]\n"
        "from dojo.cli import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, verb], capture_output=True, text=True, check=True
    )

    assert "[]" == done.stderr.splitlines()[-1]
    assert done.stdout


def commands(group: Any = None, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return every command that somebody can type, by its words."""
    group = group or typer.main.get_command(app)
    found: dict[tuple[str, ...], Any] = {}
    for name, command in group.commands.items():
        found |= (
            commands(command, (*path, name))
            if hasattr(command, "commands")
            else {(*path, name): command}
        )
    return found


def test_help_fits_the_screen_and_names_every_command(suite: Suite) -> None:
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        command("--help"), capture_output=True, text=True, check=True, env=environment
    )

    _, *sections = done.stdout.partition("\nPractise:")
    lines = "".join(sections).splitlines()
    named = [line.split()[0] for line in lines if line[:2] == "  " and line[2:3].strip()]
    assert sorted({path[0] for path in commands()}) == sorted(named)
    assert {"grade", "watch", "status", "doctor", "audit"} < set(named)
    assert "..." not in "".join(sections)
    assert not [
        line for line in done.stdout.splitlines() if len(line) > 80 or line != line.rstrip()
    ]


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example_that_can_be_typed(path: tuple[str, ...]) -> None:
    found = commands()[path]

    example = (found.help or "").partition("Example: ")[2].splitlines()[0]

    words = shlex.split(example)
    assert words[: len(path) + 1] == ["dojo", *path]
    with found.make_context("dojo", words[len(path) + 1 :]):  # its options and arguments exist
        pass
    assert found.get_short_help_str(1000).endswith(".")


@pytest.mark.parametrize("verb", ["status", "explain"])
def test_reader_that_had_enough_ends_the_command_quietly(suite: Suite, verb: str) -> None:
    """Whether all of the output waits for the end, or there is too much of it to wait."""
    entry = suite.entries[0]
    entry.solution.write_text(f"{SOLUTION}\n{'# long' * 50_000}\n", encoding="utf-8")
    arguments = [verb] if verb == "status" else [verb, "scaled_sum", "--now"]
    ours, theirs = os.pipe()
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command(*arguments), stdout=theirs, stderr=subprocess.PIPE, env=buffered
    ) as process:
        os.close(theirs)
        if verb == "explain":
            os.read(ours, 10)
        os.close(ours)
        assert process.stderr is not None
        assert b"" == process.stderr.read()
        assert 1 == process.wait(20)


def test_words_that_a_terminal_cannot_show_are_replaced(suite: Suite) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run(
        command("show", "scaled_sum"), capture_output=True, check=False, env=environment
    )

    assert (0, b"") == (done.returncode, done.stderr)
    assert b"Return scale ? (x + y)." in done.stdout


def test_whole_command_grades_from_below_the_root(suite: Suite) -> None:
    write(suite, WRONG.source)

    done = subprocess.run(
        command("grade", "scaled_sum"),
        capture_output=True,
        text=True,
        check=False,
        cwd=suite.root / "katas",
    )

    assert (1, "") == (done.returncode, done.stderr)
    assert WRONG.why in done.stdout
    assert Verdict.WRONG == progress(suite.root).latest()[ID].verdict


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT")
def test_interrupted_command_ends_at_once_and_leaves_nothing_running(suite: Suite) -> None:
    endless = "import os\nprint(os.getpid(), flush=True)\nwhile True: pass\n"
    write(suite, endless)
    with subprocess.Popen(
        command("grade"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        children = wait_for(lambda: descendants(process.pid), count=2)
        start = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)

    # Python kills itself where it was interrupted in an `exec` of a string, of which imports have
    # some: of both a shell says 130.
    assert process.returncode in (130, -signal.SIGINT)
    assert (b"", b"") == (out, err)
    assert time.monotonic() - start < 3
    assert not wait_for(lambda: [pid for pid in children if is_running(pid)], count=0)


def wait_for(look: Callable[[], list[int]], count: int) -> list[int]:
    """Look again until there are as many as that, for some seconds."""
    deadline = time.monotonic() + 15
    while len(found := look()) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def descendants(pid: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    parents = dict(tuple(map(int, line.split())) for line in done.stdout.splitlines())
    found = [pid]
    for _ in range(3):
        found += [
            child for child, parent in parents.items() if parent in found and child not in found
        ]
    return found[1:]


def is_running(pid: int) -> bool:
    done = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def test_doctor_tries_every_wall(dojo: Dojo, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = dojo("doctor")
    assert 0 == ran.status
    assert "Every wall stands" in ran.out

    report = {"internet": "falls: connected", "writing a file": "stands"}
    monkeypatch.setattr("dojo.walls.self_test", lambda closed: report)
    ran = dojo("doctor")
    assert 1 == ran.status
    assert "falls: connected" in ran.out
    assert "grade only code that you trust" in ran.out
