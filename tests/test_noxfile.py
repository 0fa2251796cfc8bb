"""The commands set themselves up once, notice what is half done, and stay out of the way."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are POSIX scripts")

HERE = Path(__file__).resolve().parent.parent

# Stands in for pip inside .venv: it logs, does what the file `plan` says, and brings `dojo`.
PIP = """
import json, os, sys, time
from pathlib import Path

if "--version" in sys.argv:
    raise SystemExit
wanted = ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT")
with open("pip.log", "a") as log:
    print(json.dumps([sys.argv[1:], [os.environ.get(name) for name in wanted]]), file=log)
print("pip speaks")
plan = Path("plan").read_text() if Path("plan").exists() else ""
if plan == "fail":
    raise SystemExit(1)
if plan:
    Path("started").touch()
    time.sleep(float(plan))
script = Path(".venv/bin/dojo")
script.write_text(f"#!{os.path.realpath(sys.executable)}\\n" + Path("dojo.txt").read_text())
script.chmod(0o755)
"""

# Stands in for the command line.
DOJO = """
import json, os, sys

print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "root": os.environ["DOJO_ROOT"]}))
raise SystemExit(int(os.environ.get("STATUS", "0")))
"""

READY = """
import importlib.util, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("noxfile", sys.argv[1])
noxfile = importlib.util.module_from_spec(spec)
sys.modules["noxfile"] = noxfile
spec.loader.exec_module(noxfile)
noxfile.Environment(Path(sys.argv[2])).ready()
"""


@pytest.fixture(scope="module")
def loaded() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("noxfile_under_test", HERE / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def noxfile(loaded: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(loaded.Environment, "_create", lambda self: make_venv(self.root))
    return loaded


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a clone"  # Spaces are where commands break.
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\n")
    (root / "constraints.txt").write_text("torch==2.13.0\n")
    (root / "dojo.txt").write_text(DOJO)
    shutil.copy(HERE / "noxfile.py", root)
    return root


@pytest.fixture
def shared(noxfile: ModuleType, root: Path) -> Any:
    return noxfile.Environment(root)


def make_venv(root: Path) -> None:
    venv.create(root / ".venv", with_pip=False, symlinks=True)
    (site,) = (root / ".venv").glob("lib/python*/site-packages")
    (site / "pip").mkdir()
    (site / "pip" / "__init__.py").touch()
    (site / "pip" / "__main__.py").write_text(PIP)


def installs(root: Path) -> list[list[str]]:
    """Return the arguments of every call of pip so far."""
    log = root / "pip.log"
    return [json.loads(line)[0] for line in log.read_text().splitlines()] if log.exists() else []


def stamp(root: Path) -> dict[str, Any]:
    content = json.loads((root / ".venv/dojo-installed.json").read_text())
    assert isinstance(content, dict)
    return content


def start(root: Path) -> subprocess.Popen[str]:
    """Make the environment ready in a process group of its own."""
    command = [sys.executable, "-c", READY, str(HERE / "noxfile.py"), str(root)]
    return subprocess.Popen(
        command,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )


def heed_interrupts() -> None:
    """Undo what a shell does to its background jobs, of which a test run may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class TestInstallation:
    def test_first_makes_the_environment_and_installs_under_the_constraints(
        self, shared, root, capfd
    ):
        shared.ready()
        expected = ["install", "--quiet", "-c", "constraints.txt", "-e", "."]
        assert [expected] == installs(root)
        ((_, pins),) = map(json.loads, (root / "pip.log").read_text().splitlines())
        assert ["constraints.txt", "constraints.txt"] == pins
        out, err = capfd.readouterr()
        assert "" == out
        assert "Installing PyTorch and the grader into .venv; this takes some minutes" in err
        assert "pip speaks" in err

    def test_second_is_skipped_without_a_word(self, shared, root, capfd):
        shared.ready()
        capfd.readouterr()
        shared.ready()
        assert 1 == len(installs(root))
        assert ("", "") == capfd.readouterr()

    def test_takes_an_environment_that_is_there(self, shared, root):
        make_venv(root)
        marker = root / ".venv" / "mine"
        marker.touch()
        shared.ready()
        assert marker.exists()

    @pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
    def test_is_repeated_when_the_requirements_change(self, shared, root, name, capfd):
        shared.ready()
        (root / name).write_text("changed")
        shared.ready()
        assert 2 == len(installs(root))
        assert "The requirements have changed" in capfd.readouterr().err

    def test_is_repeated_when_the_python_changes(self, shared, root):
        shared.ready()
        path = root / ".venv/dojo-installed.json"
        version, prefix = stamp(root)["python"]
        assert ".".join(map(str, sys.version_info[:3])) == version
        path.write_text(json.dumps({**stamp(root), "python": ["3.11.0", prefix]}))
        shared.ready()
        assert 2 == len(installs(root))

    def test_is_repeated_when_the_command_is_gone(self, shared, root):
        shared.ready()
        (root / ".venv/bin/dojo").unlink()
        shared.ready()
        assert 2 == len(installs(root))

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"finished": true}', "\xff"])
    def test_is_repeated_when_the_stamp_is_damaged(self, shared, root, content):
        shared.ready()
        (root / ".venv/dojo-installed.json").write_text(content, encoding="latin-1")
        shared.ready()
        assert 2 == len(installs(root))
        assert stamp(root)["finished"] is True

    def test_of_more_satisfies_less(self, shared, root, capfd):
        shared.ready("dev")
        shared.ready()
        assert [".[dev]"] == [arguments[-1] for arguments in installs(root)]

    def test_of_less_does_not_satisfy_more_and_keeps_what_there_was(self, shared, root, capfd):
        shared.ready()
        shared.ready("dev")
        (root / "pyproject.toml").write_text("changed")
        shared.ready()
        assert [".", ".[dev]", ".[dev]"] == [arguments[-1] for arguments in installs(root)]
        assert "Adding the tools and oracles of the tests" in capfd.readouterr().err

    def test_that_fails_is_said_and_done_again(self, shared, root, capfd):
        (root / "plan").write_text("fail")
        with pytest.raises(SystemExit) as caught:
            shared.ready()
        assert 1 == caught.value.code
        assert "The installation has failed" in capfd.readouterr().err
        (root / "plan").unlink()
        shared.ready()
        assert 2 == len(installs(root))
        assert "--ignore-installed" not in installs(root)[1]
        assert stamp(root)["finished"] is True

    @pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
    def test_that_is_cut_off_is_done_again_in_full(self, shared, root, end, capfd):
        make_venv(root)
        (root / "plan").write_text("30")
        process = start(root)
        wait_for((root / "started").exists)
        os.killpg(process.pid, end)
        assert 0 != process.wait()
        assert stamp(root)["finished"] is False
        (root / "plan").write_text("fail")
        with pytest.raises(SystemExit):
            shared.ready()
        (root / "plan").unlink()
        shared.ready()
        assert ["--ignore-installed"] * 2 == [arguments[1] for arguments in installs(root)[1:]]
        assert "The last installation was cut off" in capfd.readouterr().err
        shared.ready()
        assert 3 == len(installs(root))

    def test_runs_once_when_two_commands_want_it(self, root):
        make_venv(root)
        (root / "plan").write_text("1")
        first = start(root)
        wait_for((root / "started").exists)
        second = start(root)
        _, said = second.communicate(timeout=20)
        first.communicate(timeout=20)
        assert (0, 0) == (first.returncode, second.returncode)
        assert "Another installation is running" in said
        assert 1 == len(installs(root))


class TestBrokenEnvironment:
    def broken(self, shared: Any, root: Path, capfd: pytest.CaptureFixture[str]) -> str:
        """Make the environment ready again, and return why it was built anew."""
        marker = root / ".venv" / "old"
        marker.touch()
        capfd.readouterr()
        shared.ready()
        assert not marker.exists()
        assert stamp(root)["finished"] is True
        (reason,) = re.findall(
            r"^\.venv is broken: (.*)\. Building it again\.$", capfd.readouterr().err, re.MULTILINE
        )
        return str(reason)

    def test_without_interpreter_is_rebuilt(self, shared, root, capfd):
        shared.ready()
        for link in (root / ".venv/bin").glob("python*"):
            link.unlink()
        assert "its Python does not start" == self.broken(shared, root, capfd)

    def test_whose_interpreter_fails_is_rebuilt(self, shared, root, capfd):
        shared.ready()
        python = root / ".venv/bin/python"
        python.unlink()
        python.write_text("#!/bin/sh\nexit 127\n")
        python.chmod(0o755)
        assert "its Python does not start" == self.broken(shared, root, capfd)

    def test_without_configuration_is_rebuilt(self, shared, root, capfd):
        shared.ready()
        (root / ".venv/pyvenv.cfg").unlink()
        assert "does not know that it belongs" in self.broken(shared, root, capfd)

    def test_without_pip_is_rebuilt(self, shared, root, capfd):
        venv.create(root / ".venv", with_pip=False, symlinks=True)
        assert "it has no pip" == self.broken(shared, root, capfd)

    def test_in_a_folder_that_has_moved_is_rebuilt(self, noxfile, shared, root, capfd):
        shared.ready()
        moved = root.rename(root.with_name("moved"))
        reason = self.broken(noxfile.Environment(moved), moved, capfd)
        assert f"it was made in another place, {root / '.venv'}" == reason

    def test_that_nox_itself_runs_from_is_left_to_the_person(
        self, shared, root, capfd, monkeypatch
    ):
        shared.ready()
        (root / ".venv/pyvenv.cfg").unlink()
        monkeypatch.setattr(sys, "prefix", str(root / ".venv"))
        with pytest.raises(SystemExit):
            shared.ready()
        assert (root / ".venv").exists()
        assert "remove .venv yourself" in capfd.readouterr().err


class TestSessions:
    def nox(self, root: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **more.pop("env", {})}
        env.pop("DOJO_ROOT", None)
        command = [sys.executable, "-m", "nox", *arguments]
        return subprocess.run(
            command, cwd=root, capture_output=True, text=True, check=False, env=env, **more
        )

    @pytest.fixture
    def ready(self, shared: Any, root: Path, capfd: pytest.CaptureFixture[str]) -> Path:
        shared.ready("dev")
        return root

    def test_grade_adds_nothing_to_what_the_command_prints(self, ready):
        done = self.nox(ready, "-s", "grade", "--", "--json", "a/b")
        expected = {"argv": ["grade", "--json", "a/b"], "cwd": str(ready), "root": str(ready)}
        assert expected == json.loads(done.stdout)
        assert (0, "") == (done.returncode, done.stderr)

    def test_grade_is_what_nox_does_when_told_nothing(self, ready):
        assert ["grade"] == json.loads(self.nox(ready).stdout)["argv"]

    @pytest.mark.parametrize("session", ["grade", "stubs", "new", "audit"])
    @pytest.mark.parametrize("status", [1, 2])
    def test_exit_status_comes_through_without_comment(self, ready, session, status):
        done = self.nox(ready, "-s", session, env={"STATUS": str(status)})
        assert [session] == json.loads(done.stdout)["argv"]
        assert (status, "") == (done.returncode, done.stderr)

    def test_paths_are_meant_from_where_the_person_stands(self, ready):
        below = ready / "katas"
        below.mkdir()
        seen = json.loads(self.nox(below, "-f", "../noxfile.py", "-s", "grade").stdout)
        assert (str(below), str(ready)) == (seen["cwd"], seen["root"])

    def test_a_command_that_runs_the_engine_fails_as_it_does(self, ready):
        (site,) = (ready / ".venv").glob("lib/python*/site-packages")
        (site / "pytest.py").write_text("import sys; print(sys.argv[1:]); sys.exit(5)")
        done = self.nox(ready, "-s", "tests", "--", "-x")
        arguments = ast.literal_eval(done.stdout)
        assert ("tests", "-x") == (arguments[0], arguments[-1])
        assert 1 == done.returncode
        assert "exit status 5" in done.stderr

    def test_lint_runs_every_tool_and_names_those_that_fail(self, ready):
        (site,) = (ready / ".venv").glob("lib/python*/site-packages")
        for tool, status in (("black", 1), ("ruff", 0), ("mypy", 2)):
            (site / f"{tool}.py").write_text(f"import sys; print('{tool}'); sys.exit({status})")
        done = self.nox(ready, "-s", "lint")
        assert "black\nruff\nmypy\n" == done.stdout
        assert 1 == done.returncode
        assert "black and mypy found something" in done.stderr

    def test_interrupted_grading_may_end_in_order(self, ready):
        (ready / ".venv/bin/dojo").write_text(
            "#!./.venv/bin/python\n"
            "import time\ntry:\n    print('graded', flush=True); time.sleep(30)\n"
            "except KeyboardInterrupt:\n    time.sleep(0.6); print('so far')\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "nox", "-s", "grade"],
            cwd=ready,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=heed_interrupts,
        )
        assert process.stdout is not None
        assert "graded\n" == process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        assert "so far\n" == process.stdout.read()
        assert 130 == process.wait()


class TestConfiguration:
    def test_every_direct_dependency_is_pinned_and_nothing_else(self):
        config = tomllib.loads((HERE / "pyproject.toml").read_text())
        project = config["project"]
        extras = project["optional-dependencies"].values()
        wanted = [config["build-system"]["requires"], project["dependencies"], *extras]
        own = f"{project['name']}["  # one extra may take in another
        wanted = [[text for text in texts if not text.startswith(own)] for texts in wanted]
        text = (HERE / "constraints.txt").read_text()
        direct, _, _ = text.partition("# Brought along by those\n")
        direct, pins = (
            [pin for line in part.splitlines() if (pin := line.split("#")[0].strip())]
            for part in (direct, text)
        )
        assert {name(text) for texts in wanted for text in texts} == set(map(name, direct))
        assert [] == [pin for pin in pins if not re.fullmatch(r"[\w-]+==[\d.]+", pin)]

    def test_nothing_in_katas_is_imported_as_a_test_module(self, tmp_path):
        shutil.copy(HERE / "pyproject.toml", tmp_path)
        (tmp_path / "katas/tests_of_time").mkdir(parents=True)
        (tmp_path / "katas/tests_of_time/test_time_training.py").write_text("raise SystemExit(9)")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        env = {**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False)
        assert 5 == done.returncode  # Nothing was collected.


class TestContinuousIntegration:
    README = (
        "# Dojo\n\n<!-- grade -->\n```sh\ntouch graded\n```\n\n<!-- tests -->\n\n"
        "```sh\n{}\n```\n\n```sh\ntouch more\n```\n"
    )
    SUMMARY = "echo '=== 3 passed, 1 skipped in 0.12s ==='"

    def ci(
        self,
        root: Path,
        tests: str,
        lint: str = "exit 0",
        readme: str = README,
        stub: str = "a stub\n",
    ) -> subprocess.CompletedProcess[str]:
        (root / ".ci").mkdir()
        (root / "katas").mkdir(exist_ok=True)
        digest = hashlib.sha256(b"a stub\n").hexdigest()
        (root / "katas" / "SHA256SUMS").write_text(f"{digest}  a.py\n")
        (root / "katas" / "a.py").write_text(stub)
        shutil.copy(HERE / ".ci/run", root / ".ci/run")
        (root / "README.md").write_text(readme.format(tests))
        nox = root / ".venv/bin/nox"
        nox.parent.mkdir(parents=True)
        nox.write_text(f"#!/bin/sh\necho lint $*\n{lint}\n")
        nox.chmod(0o755)
        return subprocess.run(
            ["bash", ".ci/run"],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def test_runs_the_tests_of_readme_then_lint_and_ends_with_the_summary(self, root):
        done = self.ci(root, f"{self.SUMMARY}\necho more")
        summary = "=== 3 passed, 1 skipped in 0.12s ==="
        assert [summary, "more", "lint -s lint", summary] == done.stdout.splitlines()
        assert 0 == done.returncode
        assert not (root / "graded").exists()
        assert not (root / "more").exists()

    def test_fails_if_an_answer_was_committed(self, root):
        done = self.ci(root, self.SUMMARY, stub="an answer\n")
        assert ".ci/run: katas/ holds something other than the derived stubs" in done.stdout
        assert 1 == done.returncode

    @pytest.mark.parametrize(
        ("tests", "lint", "status"),
        [
            (f"{SUMMARY}; exit 3", "exit 0", 3),
            (f"{SUMMARY}; exit 3", "exit 4", 3),
            (f"false\n{SUMMARY}", "exit 0", 1),
            (f"false | {SUMMARY}", "exit 0", 1),
            (SUMMARY, "exit 4", 4),
        ],
    )
    def test_fails_if_anything_fails(self, root, tests, lint, status):
        done = self.ci(root, tests, lint)
        assert status == done.returncode
        assert "lint -s lint" in done.stdout

    def test_a_summary_in_colour_or_without_frame_is_found(self, root):
        done = self.ci(root, r"printf '\033[32m\033[1m2 passed\033[0m\033[32m in 1.50s\033[0m\n'")
        assert "2 passed in 1.50s" == done.stdout.splitlines()[-1]

    def test_no_summary_is_said(self, root):
        done = self.ci(root, "exit 1")
        assert ".ci/run: pytest printed no summary" == done.stdout.splitlines()[-1]
        assert 1 == done.returncode

    def test_a_readme_without_the_command_fails(self, root):
        done = self.ci(root, "true", readme="# {}\n\n<!-- grade -->\n```sh\ntrue\n```\n")
        assert 1 == done.returncode
        assert "no block of code below <!-- tests -->" in done.stdout


def name(requirement: str) -> str:
    """Return the package that a requirement is about."""
    found = re.match(r"[\w-]+", requirement)
    assert found is not None
    return found[0]
