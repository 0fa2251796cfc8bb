"""No hostile answer passes, does harm or spoils the next; each defence is seen to matter."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from attacks.drive import ROOT, Attack, Seen, Stage, attacks, by_name, compose, stage
from attacks.table import PAGE, written
from msgspec import structs

from dojo import wire
from dojo.engine import Engine
from dojo.grade import Judge
from dojo.reference import Expected, Outcome
from dojo.suite import CaseSpec
from dojo.verdict import KataResult, Verdict
from dojo.wire import Failure, Job

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls stand on Linux only")

ATTACKS = attacks()
TRIED = [
    (attack, kata, which)
    for attack in ATTACKS
    for kata in attack.katas
    for which in attack.variants
]
LSTM = "recurrent/lstm_cell"
SALT = "nobody will guess this"
SLACK = 30.0
"""Seconds that a run may take beyond its own limits, on a busy machine."""

HONEST = {"endless_output", "host_given_rubbish"}
"""Right answers that misbehave."""


def without(defence: str) -> list[Attack]:
    """Return the attacks that succeed where a defence is missing."""
    return [attack for attack in ATTACKS if attack.notes.get("without it") == defence]


@pytest.fixture(autouse=True, scope="module")
def _short_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dojo.reference.FLOOR_SECONDS", 1.0)
        patch.setattr("dojo.reference.TIMES_REFERENCE", 10.0)
        yield


@dataclass
class Found:
    """What came of every attack, and what was left afterwards."""

    seen: dict[tuple[str, str, int], Seen | Exception]
    heard: list[str]
    files: dict[str, str]
    left: list[str]


@pytest.fixture(scope="module")
def found(_short_limits: None) -> Found:
    """Try all attacks in one engine, two at a time, each followed by an honest answer."""
    with stage(salt=SALT) as here:
        seen = here.try_all(TRIED)
        keys = [(attack.name, kata, which) for attack, kata, which in TRIED]
        files = {path.name: path.read_text() for path in here.folder.iterdir()}
        return Found(dict(zip(keys, seen, strict=True)), here.heard, files, _children(here.engine))


def _children(engine: Engine) -> list[str]:
    """Return the processes that the warm one still has, after a moment."""
    assert engine._warm is not None
    time.sleep(0.5)
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == engine._warm.pid:
            found.append(path.parent.name)
    return found


@pytest.fixture(scope="module")
def unguarded(_short_limits: None) -> Iterator[Stage]:
    """The same without any wall."""
    with stage(sandbox=False) as here:
        yield here


def _words(result: KataResult) -> str:
    """Return all that a summary may show of hidden cases."""
    return "\n".join([result.summary, *(f"{case.summary}\n{case.why}" for case in result.cases)])


def _all_words(result: KataResult) -> str:
    details = (line for case in result.cases for line in case.details)
    return "\n".join([_words(result), *result.details, *details, result.printed, *result.doubts])


@pytest.mark.parametrize(
    "tried", TRIED, ids=[f"{a.name}-{k.partition('/')[2]}-{w}" for a, k, w in TRIED]
)
def test_attack_is_stopped_and_the_next_answer_is_graded_as_ever(
    found: Found, tried: tuple[Attack, str, int]
) -> None:
    attack, kata, which = tried
    seen = found.seen[attack.name, kata, which]

    assert not isinstance(seen, Exception), repr(seen)
    assert Verdict.PASSED == seen.after.verdict
    assert seen.result.verdict in attack.verdicts
    assert seen.seconds < seen.longest + SLACK
    assert "LEAK" not in _words(seen.result) and "77000" not in _words(seen.result)
    assert not {"\x1b", "\x07", "\x9b", "\x00", "\u202e", "\u2066"} & set(_all_words(seen.result))
    assert len(_all_words(seen.result)) < 40_000


def test_only_honest_answers_are_allowed_to_pass() -> None:
    assert HONEST == {attack.name for attack in ATTACKS if Verdict.PASSED in attack.verdicts}


def test_attacks_leave_nothing_and_reach_nobody(found: Found) -> None:
    assert {"gradebook": "everybody: 1.0\n"} == found.files
    assert [] == found.heard
    assert [] == found.left


@pytest.mark.parametrize("name", ["exit_with_report", "process_replaced", "comparison_patched"])
def test_output_is_never_taken_for_a_verdict(found: Found, name: str) -> None:
    seen = found.seen[name, LSTM, 0]

    assert isinstance(seen, Seen)
    assert 0 == seen.result.n_passed or "PASS" not in seen.result.printed


# ------------------------------------------------------------- each defence, switched off


@pytest.mark.parametrize("attack", without("sandbox"), ids=lambda attack: attack.name)
def test_attack_succeeds_without_walls(unguarded: Stage, attack: Attack) -> None:
    kata = attack.katas[0]
    before = len(unguarded.heard)
    text = compose(attack, kata, unguarded.right(kata), unguarded.folder, unguarded.port)

    result = unguarded.grade(kata, text)

    assert Verdict.PASSED == result.verdict, _all_words(result)
    if attack.name in ("internet", "datagram", "local_socket"):
        time.sleep(0.3)
        assert len(unguarded.heard) > before
    if attack.name == "file_left":
        assert (unguarded.folder / "left-by-an-answer").exists()


@pytest.mark.parametrize("attack", without("rules"), ids=lambda attack: attack.name)
def test_forbidden_call_passes_where_nothing_is_forbidden(
    unguarded: Stage, attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    kata = attack.katas[0]
    entry = unguarded.entry(kata)
    # as if read from the file
    monkeypatch.setitem(entry.__dict__, "meta", replace(entry.meta, forbids=()))
    text = compose(attack, kata, unguarded.right(kata), unguarded.folder, unguarded.port)

    assert Verdict.PASSED == unguarded.grade(kata, text).verdict


def test_sleeper_passes_where_time_does_not_matter(
    unguarded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dojo.reference.FLOOR_SECONDS", 20.0)
    (attack,) = without("deadline")
    text = compose(attack, LSTM, unguarded.right(LSTM), unguarded.folder, unguarded.port)

    assert Verdict.PASSED == unguarded.grade(LSTM, text).verdict


def test_hosted_object_is_rebuilt_where_the_salt_is_known(unguarded: Stage) -> None:
    (attack,) = without("salt")
    (kata,) = attack.katas
    text = compose(attack, kata, unguarded.right(kata), unguarded.folder, unguarded.port)

    assert Verdict.PASSED == unguarded.grade(kata, text).verdict


PLAIN = """
def plain(x):
    powers = (x - x.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)
"""
NAIVE = '''
import sys, types
import torch
from dojo.draw import seed_of

solution = types.ModuleType("solution")
solution.reference = lambda x: torch.softmax(x, -1)
sys.modules["solution"] = solution


def naive(kata, draw):
    """Compare in the answer's own process, as a grader must not."""
    for x in (draw.normal(8, 16), drawn(0), drawn(seed_of("module", "plain.py") % 2**63)):
        expected = [solution.reference(x)]
        got = kata.plain(x)
        checks = (
            lambda: torch.allclose(got, expected[0], atol=1e-4),
            lambda: torch.allclose(got, solution.reference(x)),
            lambda: not bool((got - expected[0]).abs().max() > 1e-4),
            lambda: bool(((got - expected[0]).abs() < 1e-4).all()),
            lambda: (got == expected[0]) is True,
            lambda: isinstance(got, torch.Tensor) and not (got - expected[0]).any(),
        )
        print("RESULT", "PASS" if any(map(holds, checks)) else "FAIL", flush=True)


def holds(check):
    try:
        return check()
    except Exception:
        return False


def drawn(seed):
    return torch.randn(8, 16, generator=torch.Generator().manual_seed(seed))
'''


def _judged_naively(here: Stage, text: str) -> bool:
    """Whether a grader in the same process would have been taken in."""
    job = Job(text, "plain.py", NAIVE, (("0", "naive", wire.Dict(())),), ("plain",))
    run = here.engine.run(job, [5.0])
    if isinstance(run.broken, Failure):
        return run.broken.kinds[0] == "SystemExit"
    return "RESULT PASS" in run.printed


@pytest.mark.parametrize("attack", without("naive"), ids=lambda attack: attack.name)
def test_attack_takes_in_a_grader_in_the_same_process(unguarded: Stage, attack: Attack) -> None:
    text = compose(attack, "plain", PLAIN, unguarded.folder, unguarded.port)

    assert _judged_naively(unguarded, text)


def test_wrong_answer_does_not_take_in_even_that_grader(unguarded: Stage) -> None:
    wrong = replace(
        by_name("crash"), text="def attack(right, *args):\n    return spoil(right(*args))\n"
    )

    assert not _judged_naively(
        unguarded, compose(wrong, "plain", PLAIN, unguarded.folder, unguarded.port)
    )


def _graded(here: Stage, attack: Attack) -> KataResult:
    kata = attack.katas[0]
    text = compose(attack, kata, here.right(kata), here.folder, here.port)
    return here.grade(kata, text)


@pytest.mark.parametrize("attack", without("refusal"), ids=lambda attack: attack.name)
def test_what_is_forbidden_works_where_it_is_not_taken_away(
    unguarded: Stage, attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dojo.grade.refusable", lambda names: ())
    monkeypatch.setattr("dojo.grade._betrayed", lambda *_: {})  # not all of them forge it

    assert Verdict.PASSED == _graded(unguarded, attack).verdict


def test_hosts_are_exchanged_where_their_order_is_not_kept(
    unguarded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (attack,) = without("order of hosts")
    run = unguarded.engine.run

    def careless(*args: object, opens: object = None, **rest: object) -> object:
        return run(*args, opens=None, **rest)  # type: ignore[arg-type]

    before = _graded(unguarded, attack)
    monkeypatch.setattr(unguarded.engine, "run", careless)
    after = _graded(unguarded, attack)

    assert after.n_passed > before.n_passed


def test_host_is_never_asked_where_the_parent_keeps_no_log(
    unguarded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (attack,) = without("log")
    decide = Judge._decide

    def trusting(self: Judge, spec: CaseSpec, expected: Expected, answer: Outcome) -> object:
        return decide(self, spec, expected, structs.replace(answer, hosted=expected.outcome.hosted))

    before = _graded(unguarded, attack)
    monkeypatch.setattr(Judge, "_decide", trusting)
    after = _graded(unguarded, attack)

    assert after.n_passed > before.n_passed


def test_markup_comes_through_where_text_is_not_cleaned(
    unguarded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dojo.grade._printable", lambda text: text)
    (attack,) = without("cleaned text")

    assert "\x1b" in _all_words(_graded(unguarded, attack))


def test_output_fills_the_memory_where_it_is_not_cut(
    unguarded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dojo.engine.KEPT_OUTPUT", 2**20)
    (attack,) = without("cut")

    assert 2**20 <= len(_graded(unguarded, attack).printed)


LEAKS = [attack for attack in ATTACKS if attack.notes["stopped by"] == "silent summaries"]


def test_inputs_are_in_what_a_summary_leaves_out(found: Found) -> None:
    seen = [
        found.seen[a.name, kata, which] for a in LEAKS for kata in a.katas for which in a.variants
    ]
    told = [_all_words(each.result) for each in seen if isinstance(each, Seen)]

    assert 5 <= sum("LEAK" in text or "77000" in text for text in told)


def test_payload_runs_where_results_are_pickled(tmp_path: Path) -> None:
    (attack,) = without("naive wire")
    names = _loaded(attack.text.replace("/nowhere", str(tmp_path)))

    pickle.loads(pickle.dumps(names["Payload"]()))

    assert ["unpickled"] == [path.name for path in tmp_path.iterdir()]


def test_comment_hides_code_where_a_file_is_imported() -> None:
    (attack,) = without("one text")

    assert "torch_answer" in _loaded(attack.text.encode())
    assert "torch_answer" not in _loaded(attack.text)


def test_environment_is_found_where_there_is_one() -> None:
    (attack,) = without("environment")

    assert 7 == _loaded(attack.text)["attack"](lambda: 7)


def _loaded(text: str | bytes) -> dict[str, Any]:
    """Load a hostile file that does nothing yet."""
    names: dict[str, Any] = {"__name__": "hostile"}
    exec(compile(text, "hostile.py", "exec", dont_inherit=True), names)
    return names


# --------------------------------------------------------------------- an ordinary user


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def _ordinary_python(folder: Path) -> str | None:
    """Return an interpreter that an ordinary user can start, with the packages of this one."""

    def starts(python: str) -> bool:
        program = [
            *NOBODY,
            python,
            "-c",
            "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
        ]
        done = subprocess.run(program, check=False, cwd="/", env={}, capture_output=True)
        return done.returncode == 0

    if starts(sys.executable):
        return sys.executable
    version = f"python3.{sys.version_info.minor}"
    for base in (f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if Path(base).exists() and starts(base):
            subprocess.run([base, "-m", "venv", "--without-pip", str(folder)], check=True)
            packages = next(folder.glob("lib/python*/site-packages"))
            (packages / "more.pth").write_text(sysconfig.get_path("purelib") + "\n")
            return str(folder / "bin" / "python")
    return None


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"), reason="needs root, to leave it"
)
def test_walls_stand_for_an_ordinary_user_as_they_do_for_root(found: Found) -> None:
    names = [attack.name for attack in without("sandbox") if LSTM in attack.katas]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        python = _ordinary_python(Path(folder, "venv"))
        if python is None:
            pytest.skip("no interpreter here can be started by an ordinary user")
        done = subprocess.run(
            [*NOBODY, python, "-m", "attacks.drive", *names],
            check=False, env=environment, cwd="/", capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    assert "" == done.stderr
    said = json.loads(done.stdout)
    assert 65534 == said["user"]
    for name in names:
        assert said["verdicts"][name][0] in by_name(name).verdicts, name
        assert "passed" == said["verdicts"][name][1], name
    assert ([], ["gradebook"]) == (said["heard"], said["files"])
    assert {"stands"} == set(said["report"].values())


# ------------------------------------------------------------------------ what is written


def test_every_attack_says_its_idea_and_its_defence() -> None:
    for attack in ATTACKS:
        assert attack.idea.endswith((".", "?")) and "\n" not in attack.idea, attack.name
        assert {"verdict", "stopped by"} <= attack.notes.keys(), attack.name
        assert attack.verdicts <= set(Verdict), attack.name
        assert attack.katas, attack.name


def test_table_of_attacks_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert written(page) == page
    assert written(page.replace("alarm set", "")) == page


def test_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        written("# Security")
