"""Releases: what is in them, that nothing private is, and that every leak is found."""

from __future__ import annotations

import ast
import base64
import bz2
import gzip
import html
import io
import json
import lzma
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from course import KATAS, ROOT, make_course, right

from dojo.instructor import gradescope, selfcheck
from dojo.instructor.assignment import Assignment, LateRule, Part, load
from dojo.instructor.handout import filenames, portable, readme, stub
from dojo.instructor.leaks import leaks
from dojo.instructor.private import private_of
from dojo.instructor.release import Leak, ReleaseError, Target, find_target, release
from dojo.stubs import derive
from dojo.suite import Suite


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """A course that tests only read."""
    return make_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def released(course: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release as files, which tests only read."""
    folder = tmp_path_factory.mktemp("released") / "hw1"
    release(course, find_target("files"), folder)
    return folder


@pytest.fixture
def handed_out(released: Path, tmp_path: Path) -> Path:
    """The folder that a student unpacks, to be worked in."""
    return Path(shutil.copytree(released / "hw1", tmp_path / "hw1"))


@pytest.fixture(scope="module")
def stubs() -> dict[str, str]:
    """Every stub of the real suite, as derived."""
    return {e.id: derive(e.solution.read_text(encoding="utf-8")) for e in Suite(ROOT).entries}


def secrets(course: Assignment) -> tuple[str, ...]:
    return course.salt(), course.key(), course.secret_text()


def bodies(text: str) -> list[str]:
    """Return what a file says apart from its imports."""
    body = ast.parse(text).body
    return [ast.dump(n) for n in body if not isinstance(n, ast.Import | ast.ImportFrom | ast.If)]


def git(folder: Path, *command: str) -> str:
    names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
    done = subprocess.run(
        ["git", "-C", folder, *command],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **dict.fromkeys(names, "somebody")},
    )
    return done.stdout


# --- no leak --------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["files", "github"])
def test_releases_to_students_hold_nothing_private(
    course: Assignment, tmp_path: Path, target: str
) -> None:
    """That those to nbgrader do not either, gradebook included, test_nbgrader.py says."""
    folder = release(course, find_target(target), tmp_path / "out").folder

    assert [] == leaks(folder, course.suite, secrets(course))


def test_a_release_of_every_kata_holds_nothing_private(tmp_path: Path) -> None:
    """All stubs, statements and examples, against the private lines of all katas."""
    real = Suite(ROOT)
    (tmp_path / "assignments").mkdir()
    every = make_course(tmp_path / "other", KATAS[:1])
    every = replace(
        every,
        suite=real,
        parts=tuple(Part(entry.id, 1.0) for entry in real.entries),
        pinned="0" * 10,
    )
    written = tmp_path / "written"
    written.mkdir()
    find_target("files").write(every, written)

    assert len(real.entries) + 3 == len(list((written / "hw1").iterdir()))
    assert [] == leaks(written, real, secrets(every))


def planted(suite: Suite) -> dict[str, str]:
    """Return a line of each kind that must never be seen."""
    entry = next(entry for entry in suite.entries if entry.id == "basics/softmax")
    return {
        "solution": "    powers = np.exp(x - top)",
        "solution, laid out anew": "powers=np.exp( x-top )",
        "solution, short": "    top = x.max()",
        "line of a mistake": (
            "Narrow integers wrap around when the maximum is subtracted, and their exponential"
        ),
        "mistake": "powers = np.exp(top - x)",
        "why": "so the lowest wins:\nsubtract the maximum from the scores.",
        "sentence that begins in one line and ends in the next": "convert integers only.",
        "case": "return kata.softmax(shift + draw.numpy.normal(*shape, scale=scale), axis=axis)",
        "sizes": "@case(shape=(2, 4, 3, 5), axis=-3)",
        "hosted": "hidden = draw.numpy.booleans(*shape, p=0.3)",
        "hint": entry.meta.hints[1],
        "sentence of a hint": "Maximum and sum are taken per slice.",
        "answer": next(iter(entry.meta.follow_ups.values())),
    }


@pytest.mark.parametrize("kind", planted(Suite(ROOT)))
def test_every_kind_of_private_line_is_found(
    course: Assignment, handed_out: Path, kind: str
) -> None:
    text = planted(course.suite)[kind]
    with open(handed_out / "README.md", "a", encoding="utf-8") as file:
        file.write(f"\nand then\n{text}\n")

    found = leaks(handed_out, course.suite)

    assert found
    assert all(line.startswith("README.md: ") and "basics/softmax" in line for line in found)


LINE = "    powers = np.exp(x - top)\n"


def zipped(data: bytes, name: str = "notes.txt", comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.comment = comment
    return out.getvalue()


def tarred(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo("notes.txt")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def stored(text: str, *, deleted: bool = False) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE source_cell (source TEXT)")
        database.execute("INSERT INTO source_cell VALUES (?)", [text])
        database.commit()
        if deleted:
            database.execute("DELETE FROM source_cell")
            database.commit()
        return database.serialize()


def notebook(text: str) -> bytes:
    cell = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "x"}}, "source": [text]}
    return json.dumps({"cells": [cell], "nbformat": 4}).encode()


PACKED: dict[str, bytes] = {
    "plain": LINE.encode(),
    "utf-16": LINE.encode("utf-16"),
    "notebook": notebook(LINE),
    "notebook, whole cell in one string": notebook(f"def f(x):\n{LINE}    return 1"),
    "python string": repr(f"'\n{LINE}\"").encode(),
    "html with highlighting": b"<pre><span>powers</span> = np.exp(x <b>-</b> top)</pre>",
    "html escapes": html.escape("'a' <b>").encode() + LINE.replace("x", "&#120;").encode(),
    "zip": zipped(LINE.encode()),
    "name in a zip": zipped(b"", name="powers = np.exp(x - top)"),
    "comment of a zip": zipped(b"", comment=LINE.encode()),
    "zip in a zip": zipped(zipped(LINE.encode()), "inner.zip"),
    "tar": tarred(LINE.encode()),
    "zip in a tar": tarred(zipped(LINE.encode())),
    "gzip": gzip.compress(LINE.encode()),
    "bzip2": bz2.compress(LINE.encode()),
    "xz": lzma.compress(LINE.encode()),
    "base64": b'{"image/png": "' + base64.b64encode(LINE.encode() * 3) + b'"}',
    "base64 of a zip": base64.encodebytes(zipped(LINE.encode() * 3)),
    "database": stored(LINE),
    "database, deleted": stored(LINE, deleted=True),
    "notebook in a database": stored(notebook(LINE).decode()),
}


@pytest.mark.parametrize("form", PACKED)
def test_a_leak_is_found_in_every_form(course: Assignment, tmp_path: Path, form: str) -> None:
    (tmp_path / "innocent").write_bytes(PACKED[form])

    assert any("powers = np.exp(x - top)" in line for line in leaks(tmp_path, course.suite))


def commit_and_remove(folder: Path) -> None:
    (folder / "notes.py").write_text(LINE)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "more")
    git(folder, "rm", "--quiet", "notes.py")
    git(folder, "commit", "--quiet", "--message", "less")


def in_a_pack(folder: Path) -> None:
    commit_and_remove(folder)
    git(folder, "gc", "--quiet")
    assert not list(folder.glob(".git/objects/[0-9a-f][0-9a-f]/*"))


def in_no_commit(folder: Path) -> None:
    (folder / "notes.py").write_text(LINE)
    git(folder, "hash-object", "-w", "notes.py")
    (folder / "notes.py").unlink()


def in_a_message(folder: Path) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", LINE)
    git(folder, "gc", "--quiet")


def in_a_stash(folder: Path) -> None:
    with open(folder / "README.md", "a") as file:
        file.write(LINE)
    git(folder, "stash", "--quiet")
    git(folder, "gc", "--quiet")


def in_a_bundle(folder: Path) -> None:
    commit_and_remove(folder)
    git(folder, "bundle", "create", "--quiet", "../all.bundle", "--all")
    shutil.rmtree(folder / ".git")
    shutil.move(folder.parent / "all.bundle", folder / "all.bundle")


@pytest.mark.parametrize(
    "plant",
    [commit_and_remove, in_a_pack, in_no_commit, in_a_message, in_a_stash, in_a_bundle],
    ids=lambda plant: plant.__name__,
)
def test_a_leak_is_found_wherever_git_keeps_it(
    course: Assignment, tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    folder = release(course, find_target("github"), tmp_path / "out").folder
    plant(folder)

    assert any("powers = np.exp(x - top)" in line for line in leaks(folder, course.suite))


@pytest.mark.parametrize("which", ["salt", "key", "secret"])
@pytest.mark.parametrize("form", ["text", "bytes", "base64", "name"])
def test_secrets_are_found(course: Assignment, tmp_path: Path, which: str, form: str) -> None:
    text = dict(zip(("salt", "key", "secret"), secrets(course), strict=True))[which].split()[-1]
    if form == "name":
        (tmp_path / text).touch()
    else:
        raw = bytes.fromhex(text)
        forms = {"text": text.encode(), "bytes": raw, "base64": base64.b64encode(raw)}
        (tmp_path / "innocent").write_bytes(b"\0seed " + forms[form] + b"\0")

    found = leaks(tmp_path, course.suite, secrets(course))
    assert {"a secret or a salt"} == {line.partition(": ")[2] for line in found}


def encrypted() -> bytes:
    data = bytearray(zipped(b"text"))
    data[6] |= 1  # the flag of the member, and of its entry in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.zip", encrypted(), "encrypted"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "not known"),
        ("a.pyc", b"anything", "compiled"),
        ("a.zip", b"PK\x03\x04 broken", "cannot be looked into"),
        ("a.pack", b"PACK broken", "git cannot read"),
        ("a.db", b"SQLite format 3\0 broken", "cannot be read"),
    ],
)
def test_what_cannot_be_looked_into_counts_as_a_leak(
    course: Assignment, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)

    (found,) = leaks(tmp_path, course.suite)
    assert words in found


def test_links_and_borrowed_git_objects_count_as_leaks(course: Assignment, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(course.secret)
    alternates = tmp_path / ".git" / "objects" / "info" / "alternates"
    alternates.parent.mkdir(parents=True)
    alternates.write_text("/elsewhere\n")

    assert 2 == len(leaks(tmp_path, course.suite))


def test_what_a_stub_shows_is_not_private(course: Assignment) -> None:
    private = private_of(course.suite)
    text = "\n".join(derive(e.solution.read_text(encoding="utf-8")) for e in course.suite.entries)

    assert len(private) > 300
    assert [] == [line for line in private.labels if line in "".join(text.split())]


def test_a_release_with_a_leak_is_not_handed_out(course: Assignment, tmp_path: Path) -> None:
    def write(assignment: Assignment, folder: Path) -> None:
        (folder / "softmax.py").write_text(right("basics/softmax"), encoding="utf-8")

    with pytest.raises(Leak, match=r"softmax\.py: solution of basics/softmax"):
        release(course, Target("files", write, lambda *_: ()), tmp_path / "out")
    assert [] == list(tmp_path.iterdir())


# --- where it goes --------------------------------------------------------------------------------


def test_a_folder_with_other_things_is_left_alone(course: Assignment, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(ReleaseError, match="holds other things"):
        release(course, find_target("files"), tmp_path, replace=True)
    assert ["thesis.txt"] == [path.name for path in tmp_path.iterdir()]


def test_a_release_is_replaced_only_when_told(course: Assignment, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    release(course, find_target("files"), folder)
    (folder / "hw1" / "old.txt").touch()

    with pytest.raises(ReleaseError, match="--replace"):
        release(course, find_target("files"), folder)
    assert (folder / "hw1" / "old.txt").exists()
    release(course, find_target("files"), folder, replace=True)
    assert not (folder / "hw1" / "old.txt").exists()
    assert [folder] == list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["katas/out", "solutions", "."])
def test_a_release_into_the_suite_is_refused(course: Assignment, place: str) -> None:
    with pytest.raises(ReleaseError):
        release(course, find_target("files"), course.suite.root / place, replace=True)


def test_a_target_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ReleaseError, match="files, gradescope, github, nbgrader"):
        find_target("canvas")


def test_a_release_keeps_what_it_will_be_graded_by(course: Assignment, released: Path) -> None:
    said = json.loads((released / "hw1" / "release.json").read_text(encoding="utf-8"))

    assert course.version == said["version"]
    assert course.version == course.at(said["version"]).version


# --- files ----------------------------------------------------------------------------------------


def test_files_hold_what_students_need_and_nothing_else(course: Assignment, released: Path) -> None:
    assert {"hw1", "hw1.zip"} == {path.name for path in released.iterdir()}
    assert {
        *("README.md", "check.py", "release.json"),
        *("softmax.py", "ucb1.py", "lstm_cell.py"),
    } == {path.name for path in (released / "hw1").iterdir()}


def test_zip_holds_the_folder_and_is_the_same_again(
    course: Assignment, released: Path, tmp_path: Path
) -> None:
    again = release(course, find_target("files"), tmp_path / "out").folder

    assert (released / "hw1.zip").read_bytes() == (again / "hw1.zip").read_bytes()
    with zipfile.ZipFile(released / "hw1.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
        assert {(1980, 1, 1, 0, 0, 0)} == {member.date_time for member in archive.infolist()}
    for path in (released / "hw1").iterdir():
        assert path.read_bytes() == (tmp_path / "unpacked" / "hw1" / path.name).read_bytes()


def test_stub_says_its_version_and_defines_what_the_katas_stub_does(course: Assignment) -> None:
    for entry in course.entries:
        text = stub(course, entry)
        assert text.startswith(f"# dojo: hw1 {course.version} {entry.id}")
        assert bodies(text) == bodies(derive(entry.solution.read_text(encoding="utf-8")))


def test_two_katas_of_one_name_get_files_of_their_own(course: Assignment) -> None:
    parts = (Part("basics/softmax", 1), Part("losses/softmax", 1), Part("bandits/ucb1", 1))

    assert ["basics_softmax.py", "losses_softmax.py", "ucb1.py"] == list(
        filenames(replace(course, parts=parts)).values()
    )


def test_page_says_what_counts_and_until_when(course: Assignment) -> None:
    shown = replace(
        course.parts[0], shown=("takes the largest and the smallest numbers of a dtype",)
    )
    due = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    page = readme(
        replace(course, parts=(shown, *course.parts[1:]), due=due, late=LateRule(15, 0.1, 5))
    )

    for words in (
        "# Homework one",
        "Due: 2026-03-01 23:59 (UTC)",
        "loses 10 % of its points for each day begun; after 5 days it earns nothing",
        "| [softmax.py](softmax.py) | 5 | Write a numerically stable softmax",
        "| all together | 15 | |",
        "`torch.nn.functional.softmax`",
        "- takes the largest and the smallest numbers of a dtype",
        "```python\n>>> softmax(np.array([1.0, 1.0, -np.inf]))",
        course.version,
    ):
        assert words in page
    assert "takes integers of any width" not in page


def test_page_speaks_the_language_of_the_assignment(tmp_path: Path) -> None:
    course = make_course(tmp_path, KATAS[:1])
    translation = "translations/zh/basics/softmax.toml"
    (tmp_path / translation).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / translation, tmp_path / translation)

    page = readme(replace(course, language="zh"))

    assert "怎样完成" in page and "沿任意轴的数值稳定 softmax" in page
    assert "How to work" not in page


# --- the self-check -------------------------------------------------------------------------------


def checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    before = list(sys.path), sys.dont_write_bytecode
    try:
        status = selfcheck.main(folder)
    finally:
        sys.path[:], sys.dont_write_bytecode = before
    return status, capsys.readouterr().out


POWERS = "powers = np.exp(x - top)"
NUMPY = "import numpy as np"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", "2 of 2 examples"),
        ("axis: int = -1", "axis: int = -1, eps: float = 0.0", "2 of 2 examples"),
        ("axis: int = -1", "*args, axis=-1, **kwargs", "2 of 2 examples"),
        ("def softmax(", "def softmax_(", "softmax is not defined"),
        ("axis: int = -1", "", "must take what the statement says: softmax(x, axis=-1)"),
        ("axis: int = -1", "axis: int", "must take"),
        ("axis: int = -1", "axis: int = -1, *, eps: float", "must take"),
        (POWERS, f"{POWERS} + 1", "1 of 2 examples give something else"),
        (POWERS, f"{POWERS}; torch.softmax if 0 else 0", "torch.softmax is not allowed"),
        (
            NUMPY,
            f"{NUMPY}\ndef f():\n    import torch.nn.functional as F; F.softmax",
            "torch.nn.functional.softmax is not allowed",
        ),
        (NUMPY, f"{NUMPY}\nif 0:\n    from torch import softmax as s; s", "torch.softmax is not"),
        (POWERS, f"{POWERS}; x.softmax(0) if 0 else 0", ".softmax(…) is not"),
        (POWERS, "powers = (", "line "),
        (POWERS, "raise NotImplementedError", "still to be written"),
        (NUMPY, "import nump as np", "nump is not installed"),
        (NUMPY, "raise SystemExit", "cannot be loaded: SystemExit"),
        (NUMPY, "", "NameError"),
    ],
)
def test_self_check_says_what_is_not_ready(
    handed_out: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    text = portable(right("basics/softmax")) + "if 0:\n    import torch\n"
    assert old in text
    (handed_out / "softmax.py").write_text(text.replace(old, new, 1), encoding="utf-8")
    only(handed_out, "softmax.py")

    status, said = checked(handed_out, capsys)

    assert words in said
    assert status == ("TODO softmax.py" in said)
    assert (status == 0) == (words == "2 of 2 examples")


def only(folder: Path, *names: str) -> None:
    """Leave the other katas out of what the self-check looks at."""
    path = folder / "release.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said["katas"] = [kata for kata in said["katas"] if kata["file"] in names]
    path.write_text(json.dumps(said), encoding="utf-8")


def test_self_check_misses_no_file(handed_out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (handed_out / "softmax.py").unlink()
    (handed_out / "ucb1.py").write_bytes(b"x = '\xff'")
    only(handed_out, "softmax.py", "ucb1.py")

    status, said = checked(handed_out, capsys)

    assert 1 == status
    assert "the file is missing" in said and "is not UTF-8" in said


def installed(folder: Path, *names: str) -> Path:
    """Make a place for modules that holds packages, what they need, and no others."""
    todo, seen = list(names), set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform
        for requirement in found.requires or ():
            if "extra ==" not in requirement:
                todo += re.findall(r"^[\w.-]+", requirement)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
            source = Path(str(found.locate_file(top)))
            if source.exists() and top != "__pycache__" and not (folder / top).exists():
                (folder / top).symlink_to(source)
    return folder


def test_release_works_where_only_numpy_and_torch_are_installed(
    stubs: dict[str, str], handed_out: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The self-check runs, and every stub of the suite can be imported there."""
    modules = installed(tmp_path_factory.mktemp("bare"), "numpy", "torch")
    for kata in KATAS:
        path = handed_out / f"{kata.partition('/')[2]}.py"
        path.write_text(portable(right(kata)), encoding="utf-8")
    every = {id: portable(text) for id, text in stubs.items()}
    (handed_out / "stubs.json").write_text(json.dumps(every), encoding="utf-8")
    program = (
        "import importlib.util, json, pathlib, check\n"
        "assert importlib.util.find_spec('jaxtyping') is None\n"
        "assert importlib.util.find_spec('dojo') is None\n"
        "for name, text in json.loads(pathlib.Path('stubs.json').read_text('utf-8')).items():\n"
        "    exec(compile(text, name, 'exec', dont_inherit=True), {'__name__': name})\n"
        "raise SystemExit(check.main(pathlib.Path('.')))\n"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=handed_out,
        env={"PYTHONPATH": str(modules), "PATH": os.environ["PATH"], "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("", 0) == (done.stderr, done.returncode)
    assert "3 of 3 files are ready" in done.stdout


def test_portable_stub_says_the_same(stubs: dict[str, str]) -> None:
    for before in stubs.values():
        after = portable(before)
        assert bodies(before) == bodies(after)
        assert set(before.split()) <= set(after.split())
        assert after == portable(after)


# --- github ---------------------------------------------------------------------------------------


def test_template_repository_has_one_commit_of_nobody(course: Assignment, tmp_path: Path) -> None:
    first = release(course, find_target("github"), tmp_path / "one").folder
    second = release(course, find_target("github"), tmp_path / "two").folder

    assert git(first, "rev-parse", "HEAD") == git(second, "rev-parse", "HEAD")
    assert "1\n" == git(first, "rev-list", "--all", "--count")
    assert "" == git(first, "status", "--short")
    assert "" == git(first, "fsck", "--unreachable", "--no-progress")
    assert "dojo <dojo@localhost>\n" == git(first, "log", "--format=%an <%ae>")
    assert [] == list((first / ".git").glob("hooks/*"))


def test_workflow_runs_the_self_check_and_the_page_says_that_it_is_no_grade(
    course: Assignment, tmp_path: Path
) -> None:
    folder = release(course, find_target("github"), tmp_path / "out").folder
    workflow = (folder / ".github" / "workflows" / "self-check.yml").read_text(encoding="utf-8")
    page = (folder / "README.md").read_text(encoding="utf-8")

    assert "run: python check.py" in workflow and "contents: read" in workflow
    assert "{" not in workflow
    assert "The mark is no grade" in page and "other cases" in page


# --- gradescope -----------------------------------------------------------------------------------


class Gradescope:
    """The folders that Gradescope makes, somewhere else, and Python with what setup.sh installs."""

    def __init__(self, base: Path, assignment: Assignment) -> None:
        self.base = base
        released = release(assignment, find_target("gradescope"), base / "out").folder
        self.archive = released / f"{assignment.name}-autograder.zip"
        with zipfile.ZipFile(self.archive) as archive:
            archive.extractall(base / "source")
        shutil.copy(base / "source" / "run_autograder", base / "run_autograder")

    def run(
        self, answers: dict[str, str], python: str = sys.executable, **metadata: Any
    ) -> dict[str, Any]:
        """Hand in files and return what is in results.json afterwards."""
        shutil.rmtree(self.base / "submission", ignore_errors=True)
        (self.base / "submission").mkdir()
        for name, text in answers.items():
            (self.base / "submission" / name).write_text(text, encoding="utf-8")
        said = {"users": [{"email": "ada@example.org", "id": 7}], **metadata}
        (self.base / "submission_metadata.json").write_text(json.dumps(said))
        self.done = subprocess.run(
            ["bash", str(self.base / "run_autograder")],
            env={
                "PATH": os.environ["PATH"],
                "DOJO_AUTOGRADER": str(self.base),
                "DOJO_PYTHON": python or str(self.python),
                "PYTHONPATH": f"{self.base / 'source' / 'engine'}:{self.base / 'modules'}",
                "OMP_NUM_THREADS": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == self.done.returncode
        found: dict[str, Any] = json.loads((self.base / "results" / "results.json").read_text())
        demand_format(found)
        return found


def demand_format(found: dict[str, Any]) -> None:
    """Check a result against what Gradescope documents."""
    formats = {"text", "html", "simple_format", "md", "ansi"}
    visibilities = {"hidden", "after_due_date", "after_published", "visible"}
    assert found.keys() <= {
        *("score", "execution_time", "output", "output_format", "test_output_format"),
        *("test_name_format", "visibility", "stdout_visibility", "extra_data", "tests"),
        "leaderboard",
    }
    assert type(found["score"]) in (int, float) and found["score"] >= 0
    assert found.get("visibility", "visible") in visibilities
    assert "hidden" == found["stdout_visibility"]
    assert {found.get("output_format", "text"), found.get("test_output_format", "text")} <= formats
    for test in found.get("tests", ()):
        assert test.keys() <= {
            *("score", "max_score", "status", "name", "name_format", "number", "output"),
            *("output_format", "tags", "visibility", "extra_data"),
        }
        assert 0 <= test["score"] <= test["max_score"]
        assert test["status"] in ("passed", "failed")
        assert test.get("output_format", "text") in formats
        assert isinstance(test["output"], str) and test["visibility"] in visibilities


@pytest.fixture(scope="module")
def autograder(tmp_path_factory: pytest.TempPathFactory) -> Gradescope:
    base = tmp_path_factory.mktemp("autograder")
    course = make_course(tmp_path_factory.mktemp("gradescope"), KATAS[:2])
    text = course.path.read_text(encoding="utf-8")
    text = text.replace("# due = 2026-03-01T23:59:00+01:00", "due = 2026-03-01T23:59:00+01:00")
    text = text.replace("lost_per_day = 0.0", "lost_per_day = 0.1")
    course.path.write_text(text, encoding="utf-8")
    return Gradescope(base, load(course.suite, "hw1"))


def test_autograder_holds_the_key_of_its_assignment_and_not_the_secret(
    autograder: Gradescope, course: Assignment
) -> None:
    with zipfile.ZipFile(autograder.archive) as archive:
        names = archive.namelist()
        assert {"setup.sh", "run_autograder", "requirements.txt"} < set(names)
        for name in ("setup.sh", "run_autograder"):
            assert archive.getinfo(name).external_attr >> 16 & 0o111
        assert archive.read("suite/course/key").startswith(b"key-of hw1 ")
        assert not [name for name in names if name.endswith("secret") or "pycache" in name]
    for script in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", autograder.base / "source" / script], check=True)


def test_right_submission_gets_all_points(autograder: Gradescope) -> None:
    found = autograder.run({"softmax.py": right(KATAS[0]), "ucb1.py": right(KATAS[1])})

    assert (10.0, [5.0, 5.0]) == (found["score"], [test["score"] for test in found["tests"]])
    for name in ("source", "submission", "results"):
        assert 0o700 == (autograder.base / name).stat().st_mode & 0o777


def test_half_right_and_late_submission_gets_its_share(autograder: Gradescope) -> None:
    wrong = right(KATAS[0]).replace("top = x.max(axis=axis, keepdims=True)", "top = 0 * x")
    late = {
        "created_at": "2026-03-03T10:00:00.000000+01:00",
        "users": [
            {"email": "a@b.org", "assignment": {"due_date": "2026-03-02T23:59:00.000000+01:00"}}
        ],
    }

    found = autograder.run({"softmax.py": wrong, "ucb1.py": right(KATAS[1])}, **late)

    softmax, ucb1 = found["tests"]
    assert 0 < softmax["score"] < 5 == ucb1["score"]
    assert "overflows" in softmax["output"]
    assert pytest.approx(0.9 * (softmax["score"] + 5)) == found["score"]
    assert "90 %" in found["output"]


HOSTILE = """
import os, sys
import numpy as np

def taken():
    text = ""
    for path in {paths!r}:
        try:
            with open(path) as file:
                text += file.read()
        except OSError as error:
            text += type(error).__name__
    return text

def softmax(x, axis=-1):
    text = taken()
    print(text)
    namespace = {{"__name__": "stolen"}}
    exec(text, namespace)
    if "softmax" in namespace:
        return namespace["softmax"](x, axis)
    raise ValueError("<script>alert(1)</script>" + text)

try:
    open({results!r}, "w").write('{{"score": 1000}}')
except OSError:
    pass
"""


def test_hostile_submission_reads_nothing_and_writes_no_result(autograder: Gradescope) -> None:
    source = autograder.base / "source" / "suite"
    text = HOSTILE.format(
        paths=[str(source / "solutions/basics/softmax.py")],
        results=str(autograder.base / "results" / "results.json"),
    )
    namespace: dict[str, Any] = {}
    exec(text.partition("\ntry:\n    open")[0], namespace)  # in the open it would succeed
    assert "softmax" in namespace["taken"]()

    found = autograder.run({"softmax.py": text, "ucb1.py": "import os\nos._exit(0)\n"})

    assert (0.0, [0.0, 0.0]) == (found["score"], [test["score"] for test in found["tests"]])
    assert "<script>" not in json.dumps(found)
    assert "np.exp" not in json.dumps(found)


def test_autograder_that_cannot_work_says_so_and_blames_nobody(
    autograder: Gradescope, capsys: pytest.CaptureFixture[str]
) -> None:
    key = autograder.base / "source" / "suite" / "course" / "key"
    text = key.read_text()
    (autograder.base / "submission").mkdir(exist_ok=True)
    key.write_text("spoilt")
    try:
        gradescope.main([str(autograder.base)])
    finally:
        key.write_text(text)

    found = json.loads((autograder.base / "results" / "results.json").read_text())
    demand_format(found)
    assert 0.0 == found["score"]
    assert "no fault of yours" in found["output"]
    assert "too short" in capsys.readouterr().err


def test_autograder_without_python_leaves_a_result(autograder: Gradescope) -> None:
    found = autograder.run({}, python="/bin/false")

    assert (0.0, "The autograder did not start. Tell your instructor.") == (
        found["score"],
        found["output"],
    )


@pytest.mark.parametrize("walls", [{}, {"reading /x": "falls"}, {"internet": "falls"}])
def test_autograder_refuses_where_answers_are_not_kept_apart(walls: dict[str, str]) -> None:
    private = [Path("/x")]
    report = {"reading /x": "stands", "internet": "stands", "reading /etc/passwd": "falls"}

    assert [] == gradescope._gaps(report, private, True)
    assert gradescope._gaps(report, private, False)
    assert gradescope._gaps({**report, **walls} if walls else {}, private, True)
