"""What somebody new types first: completion answers at once, the doctor says what to install."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from sample_suite import Make

from dojo.completion import katas, topics
from dojo.practice import doctor
from dojo.practice.doctor import Check, examine
from dojo.suite import Suite


@pytest.fixture
def suite(make_suite: Make, monkeypatch: pytest.MonkeyPatch) -> Suite:
    suite = make_suite()
    make_suite(id="basics/scaling")
    make_suite(id="losses/scaled_sum")
    make_suite(id="losses/other")
    monkeypatch.delenv("DOJO_ROOT", raising=False)
    monkeypatch.chdir(suite.root)
    return suite


# --- completion -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "found"),
    [
        ("scaling", ["scaling"]),
        ("sc", ["scaling"]),
        ("losses/", ["losses/other", "losses/scaled_sum"]),
        ("basics/sca", ["basics/scaled_sum", "basics/scaling"]),
        ("los", ["losses/scaled_sum", "losses/"]),
        ("zzz", []),
    ],
)
def test_names_are_completed_and_ids_where_a_name_is_not_enough(
    suite: Suite, begun: str, found: list[str]
) -> None:
    assert found == katas(begun)


def test_topics_are_completed(suite: Suite) -> None:
    assert (["basics", "losses"], ["losses"]) == (topics(""), topics("l"))


def test_nothing_is_completed_where_there_is_no_suite(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOJO_ROOT", raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    assert [] == katas("s") == topics("")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_gets_its_script_and_then_names_without_anything_heavy(
    suite: Suite, shell: str
) -> None:
    script = subprocess.run(
        [sys.executable, "-m", "dojo", "--show-completion", shell],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    program = (
        "import sys; sys.argv = ['dojo']\n"
        "from dojo.cli import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "heavy = ('torch', 'numpy', 'matplotlib', 'nbformat', 'fsrs', 'black')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    asked = {
        "_DOJO_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "dojo hint scali",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "dojo hint scali",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **asked},
    )

    assert f"_DOJO_COMPLETE=complete_{shell}" in script.stdout
    assert "scaling" in done.stdout
    assert "[]" == done.stderr.splitlines()[-1]


# --- doctor ---------------------------------------------------------------------------------------

Usage = namedtuple("Usage", "total used free")


class Screen(io.StringIO):
    """A terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


def checks(root: Path, screen: Any = None) -> dict[str, Check]:
    return {check.what: check for check in examine(root, screen or Screen())}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch is not started in each of these tests."""
    monkeypatch.setattr(doctor, "PROBE", "print(2.0)")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("quick")
def test_sound_machine_gets_no_advice(suite: Suite) -> None:
    (suite.root / "constraints.txt").write_text("torch==2.13.0\n")

    found = checks(suite.root)

    assert ["Python", "PyTorch", "katas/", ".dojo/", "disk", "git", "nox", "terminal"] == list(
        found
    )
    assert {"git", "nox"} >= {check.what for check in found.values() if check.advice}
    assert "GiB free" in found["disk"].found


def test_torch_that_does_not_start_is_serious(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PROBE", "raise OSError('libtorch.so: missing')")

    found = checks(suite.root)["PyTorch"]

    assert "does not start: OSError: libtorch.so: missing" in found.found
    assert "delete .venv" in found.advice
    assert found.serious


@pytest.mark.usefixtures("quick")
def test_other_torch_than_the_pinned_one_is_told(suite: Suite) -> None:
    (suite.root / "constraints.txt").write_text("# torch\ntorch==0.1.0\n")

    found = checks(suite.root)["PyTorch"]

    assert "the suite was tried with 0.1.0" in found.advice
    assert not found.serious


@pytest.mark.usefixtures("quick")
def test_old_python_is_told_which_is_needed(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST", (9, 1))

    assert "install Python 9.1 or newer" in checks(suite.root)["Python"].advice


@pytest.mark.usefixtures("quick")
def test_read_only_folders_and_a_full_disk_are_told(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: Usage(1, 1, 2**20))

    found = checks(suite.root)

    assert "is read-only" == found["katas/"].found == found[".dojo/"].found
    assert (True, False) == (found["katas/"].serious, found[".dojo/"].serious)
    assert "make room" in found["disk"].advice


@pytest.mark.usefixtures("quick")
def test_missing_tools_are_named_with_what_installs_them(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor.sys, "executable", "/nowhere/bin/python")
    monkeypatch.setattr(doctor, "_torch", lambda root: Check("PyTorch", "is there"))

    found = checks(suite.root)

    assert "install it" in found["git"].advice
    assert "-m pip install nox" in found["nox"].advice
    assert not found["git"].serious


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("columns", "encoding", "advice"),
    [
        ("79", "utf-8", "make it 80 columns wide"),
        ("80", "ascii", "set LC_ALL=C.UTF-8"),
        ("80", "utf-8", ""),
    ],
)
def test_terminal_that_is_narrow_or_without_symbols_is_told(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, columns: str, encoding: str, advice: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    found = checks(suite.root, Screen(encoding))["terminal"]

    assert advice in found.advice
    assert bool(advice) == bool(found.advice)


@pytest.mark.usefixtures("quick")
def test_output_that_goes_elsewhere_needs_no_terminal(suite: Suite) -> None:
    found = checks(suite.root, io.StringIO())["terminal"]

    assert found.found.startswith("none:")
    assert not found.advice
