"""The commands people type. They share one environment, `.venv`, and set it up when needed.

An editor finds that environment too. Nox may itself be installed in it, or anywhere else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import nox

OLDEST = (3, 11)

nox.options.sessions = ["grade"]

# Nox talks on stderr, so stdout is the command's own; what it says about every session that goes
# well is still only noise between the learner and the verdict.
logging.getLogger("nox").setLevel(logging.WARNING)


@nox.session(venv_backend="none")
def grade(session: nox.Session) -> None:
    """Grade katas: all of them, or those named after `--`."""
    dojo(session, "grade")


@nox.session(venv_backend="none")
def watch(session: nox.Session) -> None:
    """Grade a kata on every save, with a key for each next step."""
    dojo(session, "watch")


@nox.session(venv_backend="none")
def stubs(session: nox.Session) -> None:
    """Derive the stubs in katas/ from solutions/."""
    dojo(session, "stubs")


@nox.session(venv_backend="none")
def new(session: nox.Session) -> None:
    """Write the files of a new kata, to be filled in: -- topic/name."""
    dojo(session, "new")


@nox.session(venv_backend="none")
def audit(session: nox.Session) -> None:
    """Check the katas against the laws."""
    dojo(session, "audit", "dev")  # The oracles are development dependencies.


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Test the engine and the katas."""
    # A file stays whole: its tests share what they have graded.
    side_by_side = ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile"]
    python(session, "-m", "pytest", "tests", *side_by_side, *session.posargs)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check format, style and types."""
    failed = [
        tool
        for tool, *rest in (["black", "--check", "."], ["ruff", "check", "."], ["mypy"])
        if run(environment("dev").python, "-m", tool, *rest, cwd=ROOT)
    ]
    if failed:
        session.error(f"{' and '.join(failed)} found something")


@nox.session(venv_backend="none")
def mutants(session: nox.Session) -> None:
    """Change the solutions mechanically and list what no case notices."""
    python(session, "-m", "dojo.mutants", *session.posargs)


@nox.session(venv_backend="none")
def release(session: nox.Session) -> None:
    """Hand out an assignment: -- hw1 --to files FOLDER."""
    dojo(session, "release", "instructor")


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Measure what grading costs; -- class: of a class, beside the usual nbgrader way."""
    of_class = session.posargs[:1] == ["class"]
    module = "dojo.instructor.bench" if of_class else "dojo.bench"
    python(session, "-m", module, *session.posargs[of_class:])


def dojo(session: nox.Session, verb: str, *extras: str) -> None:
    """Run a `dojo` command where the person stands, and end with its exit status."""
    there = {**os.environ, "DOJO_ROOT": str(ROOT)}
    command = environment(*extras).script("dojo")
    status = run(command, verb, *session.posargs, cwd=session.invoked_from, env=there)
    if status:
        # Nox would turn every status into 1 and add a line of its own.
        raise SystemExit(status)


def python(session: nox.Session, *arguments: str) -> None:
    """Run the environment's Python with what development needs."""
    status = run(environment("dev").python, *arguments, cwd=ROOT)
    if status:
        session.error(f"exit status {status}")


# --- the environment ------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parent
PROBE = "import sys; print(*sys.version_info[:3], sep='.'); print(sys.prefix)"


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the stamp in it, which says what has been installed, and whole."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        return self.venv / "dojo-installed.json"

    @property
    def python(self) -> Path:
        return self.script("python")

    def script(self, name: str) -> Path:
        windows = os.name == "nt"
        return self.venv / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name)

    def ready(self, *extras: str) -> None:
        """Install what is not installed yet; do nothing, quickly, if all of it is."""
        if not self._is_current(extras):
            with self._alone():
                if not self._is_current(extras):  # Whoever held the lock may have done it.
                    self._install(extras)

    def _is_current(self, extras: tuple[str, ...]) -> bool:
        stamp = self._stamped()
        return (
            stamp.get("finished") is True
            and stamp.get("inputs") == self._inputs()
            and set(extras) <= set(stamp.get("extras", ()))
            and stamp.get("folder") == str(self.venv)
            and stamp.get("python") == list(self._probe())
            and self.script("dojo").exists()
        )

    def _inputs(self) -> str:
        names = ("pyproject.toml", "constraints.txt")
        return hashlib.sha256(b"\0".join((self.root / n).read_bytes() for n in names)).hexdigest()

    def _stamped(self) -> dict[str, Any]:
        try:
            stamp = json.loads(self.stamp.read_text())
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _write_stamp(self, **stamp: Any) -> None:
        beside = self.stamp.with_suffix(".new")
        beside.write_text(json.dumps(stamp))
        beside.replace(self.stamp)

    def _probe(self) -> tuple[str, str]:
        """Return version and prefix of the environment's Python, or nothing if it is broken."""
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [self.python, "-I", "-c", PROBE], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                version, prefix = done.stdout.splitlines()
                return version, prefix
        return "", ""

    def _fault(self) -> str:
        """Say what is wrong with a `.venv` that cannot be repaired by installing."""
        version, prefix = self._probe()
        folder = self._stamped().get("folder", str(self.venv))
        if not version:
            return "its Python does not start"
        if not (Path(prefix).exists() and Path(prefix).samefile(self.venv)):
            return "its Python does not know that it belongs to it"
        if tuple(map(int, version.split(".")))[:2] < OLDEST:
            return f"it has Python {version}, and {spelled(OLDEST)} is the oldest that will do"
        if folder != str(self.venv):
            return f"it was made in another place, {folder}"
        if run(self.python, "-m", "pip", "--version", cwd=self.root, stdout=subprocess.DEVNULL):
            return "it has no pip"
        return ""

    def _install(self, extras: tuple[str, ...]) -> None:
        fault = self._fault() if self.venv.exists() else ""
        if fault:
            say(f".venv is broken: {fault}. Building it again.")
            self._remove()
        if not self.venv.exists():
            self._create()
        before = self._stamped()
        wanted = sorted({*extras, *before.get("extras", ())})
        # An installation that was cut off may have left packages that only look complete.
        cut_off = before.get("finished") is False
        say(introduction(before, self._inputs(), "dev" in wanted))
        self._write_stamp(finished=False, extras=wanted, folder=str(self.venv))
        if self._pip(wanted, *(["--ignore-installed"] if cut_off else [])):
            if not cut_off:  # Pip has put everything back as it was.
                self.stamp.unlink()
            stop("The installation has failed; pip says why above. Then run the command again.")
        self._write_stamp(
            finished=True,
            extras=wanted,
            folder=str(self.venv),
            inputs=self._inputs(),
            python=self._probe(),
        )

    def _pip(self, extras: list[str], *options: str) -> int:
        # A path relative to the root: pip would split an absolute one at its spaces.
        pins = {"PIP_CONSTRAINT": "constraints.txt", "PIP_BUILD_CONSTRAINT": "constraints.txt"}
        local = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0", "PIP_USE_PEP517": "1"}
        chatter = [] if sys.stderr.isatty() else ["--quiet"]
        target = f".[{','.join(extras)}]" if extras else "."
        command = ["install", *options, *chatter, "-c", "constraints.txt", "-e", target]
        return run(
            self.python,
            *("-m", "pip", *command),
            cwd=self.root,
            env={**os.environ, **pins, **local},
            stdout=sys.stderr,
        )

    def _create(self) -> None:
        if sys.version_info < OLDEST:
            stop(f"Python {spelled(OLDEST)} or newer is needed; {sys.executable} is older.")
        if run(sys.executable, "-m", "venv", self.venv, cwd=self.root, stdout=sys.stderr):
            shutil.rmtree(self.venv, ignore_errors=True)
            stop(f"{sys.executable} cannot make a virtual environment; it says why above.")

    def _remove(self) -> None:
        if Path(sys.prefix).resolve() == self.venv.resolve():
            stop("This command runs from it, so remove .venv yourself and set it up as in README.")
        shutil.rmtree(self.venv)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one installation run at a time: an editor and a terminal may both want one.

        SQLite has a lock on every platform, and one that ends with the process that holds it.
        """
        folder = self.root / ".dojo"
        folder.mkdir(exist_ok=True)
        lock = sqlite3.connect(folder / "install.lock", timeout=0, isolation_level=None)
        with contextlib.closing(lock):
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                say("Another installation is running: waiting for it.")
                lock.execute("PRAGMA busy_timeout = 3600000")
                lock.execute("BEGIN EXCLUSIVE")
            yield


def environment(*extras: str) -> Environment:
    """Return this folder's environment, with the extras installed."""
    shared = Environment(ROOT)
    shared.ready(*extras)
    return shared


def introduction(before: dict[str, Any], inputs: str, tools: bool) -> str:
    """Say in a sentence what is about to be installed."""
    what = "the tools and oracles of the tests" if tools else "the grader"
    if not before:
        return f"Installing PyTorch and {what} into .venv; this takes some minutes, once."
    if before.get("finished") is False:
        return "The last installation was cut off: doing all of it again, for some minutes."
    if before.get("inputs") != inputs:
        return f"The requirements have changed: bringing {what} in .venv up to date."
    return f"Adding {what} to .venv; this takes a minute or two."


def run(
    *command: str | Path,
    cwd: str | Path,
    env: dict[str, str] | None = None,
    stdout: Any = None,
) -> int:
    """Run a command to its end and return its exit status, as a shell would give it."""
    sys.stdout.flush()
    with subprocess.Popen(command, cwd=cwd, env=env, stdout=stdout) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            # The terminal has told it too: it has time to end in order.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()
            raise
    return status if status >= 0 else 128 - status


def spelled(version: tuple[int, ...]) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))


def say(sentence: str) -> None:
    """Speak to the person on stderr: stdout belongs to the command."""
    print(sentence, file=sys.stderr, flush=True)


def stop(sentence: str) -> NoReturn:
    """End with a sentence in place of a traceback."""
    say(sentence)
    raise SystemExit(1)
