"""Who has handed in what is told from folders, archives and the downloads of Canvas and Moodle."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dojo.instructor.assignment import Assignment
from dojo.instructor.collect import CANVAS, collect
from dojo.instructor.grading import Submission
from dojo.instructor.unpack import Archive, UnpackError

KATA = "basics/scaled_sum"
DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)


def code(mark: object) -> str:
    return f"def scaled_sum(x, y, scale=1.0):\n    return {mark!r}\n"


def archive(path: Path, members: dict[str, str | bytes], time: int = 0) -> Path:
    path.write_bytes(packed(members, time))
    return path


def packed(members: dict[str, str | bytes], time: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for hour, (name, data) in enumerate(members.items()):
            info = zipfile.ZipInfo(name, (2026, 3, 1 + time, hour, 0, 0))
            file.writestr(info, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def folder(root: Path, members: dict[str, str | bytes]) -> Path:
    for name, data in members.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return root


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in cells]
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": made})


def read(hw: Assignment, *places: Path) -> dict[str, Submission]:
    return {one.student: one for one in collect(hw, places).submissions}


def marks(hw: Assignment, *places: Path) -> dict[str, str]:
    return {name: one.sources.get(KATA, "") for name, one in read(hw, *places).items()}


# --- Canvas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("doejane_12345_67890_softmax.py", ("doejane", None, "12345", "67890", "softmax.py")),
        ("doejane_LATE_1_2_a.py", ("doejane", "LATE_", "1", "2", "a.py")),
        ("doe_jane_LATE_1_2_my_3_file.py", ("doe_jane", "LATE_", "1", "2", "my_3_file.py")),
        ("王芳_1_2_a.py", ("王芳", None, "1", "2", "a.py")),
        ("anon_aB3x9_77_a.py", (None, None, "anon_aB3x9", "77", "a.py")),
        ("LATE_anon_aB3x9_77_a.py", (None, "LATE_", "anon_aB3x9", "77", "a.py")),
        ("doe2_1_2_a-1.py", ("doe2", None, "1", "2", "a-1.py")),
        ("doejane_12345_text.html", ("doejane", None, "12345", None, None)),
    ],
)
def test_names_of_canvas_are_taken_apart(name: str, expected: tuple[str | None, ...]) -> None:
    found = CANVAS.fullmatch(name)

    assert found is not None
    assert expected == tuple(found[group] for group in ("name", "late", "user", "file", "rest"))


def test_canvas_download_gives_students_late_marks_and_the_latest_files(
    tmp_path: Path, hw: Assignment
) -> None:
    place = archive(
        tmp_path / "submissions.zip",
        {
            "doejane_101_555_scaled_sum-1.py": code("second"),
            "doejane_101_554_scaled_sum.py": code("first"),
            "roeric_LATE_102_556_scaled_sum.py": code("late"),
            "poemax_103_557_hw1.zip": packed({"src/scaled_sum.py": code("zipped")}),
            "soesue_104_text.html": "<p>hello</p>",
        },
    )

    found = read(hw, place)

    assert ["doejane_101", "poemax_103", "roeric_102", "soesue_104"] == list(found)
    assert code("second") == found["doejane_101"].sources[KATA]
    assert code("zipped") == found["poemax_103"].sources[KATA]
    assert [False, False, True, False] == [one.late for one in found.values()]
    assert {None} == {one.submitted for one in found.values()}  # those are times of the download
    assert "a text entry was handed in, which is no file" in found["soesue_104"].problems


# --- Moodle ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["_assignsubmission_file_/", "_assignsubmission_file/"])
def test_moodle_download_gives_names_numbers_and_times(
    tmp_path: Path, hw: Assignment, ending: str
) -> None:
    place = archive(
        tmp_path / "course-hw1-77.zip",
        {
            f"Jane Doe_4711{ending}scaled_sum.py": code("jane"),
            f"Zoë O'Hara-Smith_4712{ending}sub/deep/answer.ipynb": "{}",
            f"Zoë O'Hara-Smith_4712{ending}sub/deep/scaled_sum.py": code("zoë"),
            "Max Roe_4713_assignsubmission_onlinetext_/onlinetext.html": "hello",
        },
    )

    found = read(replace(hw, due=DUE), place)

    assert ["Jane Doe_4711", "Max Roe_4713", "Zoë O'Hara-Smith_4712"] == list(found)
    assert datetime(2026, 3, 1, 0, tzinfo=UTC) == found["Jane Doe_4711"].submitted
    assert datetime(2026, 3, 1, 2, tzinfo=UTC) == found["Zoë O'Hara-Smith_4712"].submitted
    assert "“answer.ipynb” is not a notebook" in found["Zoë O'Hara-Smith_4712"].problems[0]


def test_flat_download_of_moodle_is_understood(tmp_path: Path, hw: Assignment) -> None:
    name = "Jane Doe_4711_assignsubmission_file_scaled_sum.py"

    assert {"Jane Doe_4711": code(1)} == marks(hw, archive(tmp_path / "a.zip", {name: code(1)}))


def test_first_marker_is_moodles_and_later_ones_are_the_students(
    tmp_path: Path, hw: Assignment
) -> None:
    place = archive(
        tmp_path / "a.zip",
        {
            "Alice A_999_assignsubmission_file_scaled_sum.py": code("alice"),
            "Eve E_123_assignsubmission_file_a_999_assignsubmission_file_scaled_sum.py": code("e"),
        },
    )

    assert {"Alice A_999": code("alice"), "Eve E_123": code("e")} == marks(hw, place)


@pytest.mark.parametrize("tail", ["_scaled_sum.py", "_/scaled_sum.py"])
def test_name_that_holds_a_marker_does_not_win_over_whom_it_names(
    tmp_path: Path, hw: Assignment, tail: str
) -> None:
    """Eve has called herself `Alice A_999_assignsubmission_file`, where people may choose names."""
    forged = f"Alice A_999_assignsubmission_file_123_assignsubmission_file{tail}"
    place = archive(
        tmp_path / "a.zip",
        {f"Alice A_999_assignsubmission_file{tail}": code("alice"), forged: code("eve")},
    )

    collected = collect(hw, [place])

    assert [{KATA: code("alice")}] == [one.sources for one in collected.submissions]
    assert "names another participant: it does not count" in collected.submissions[0].problems[0]
    assert "names two participants: the first is taken, Alice A_999" in collected.remarks[0]


def test_many_files_of_one_student_do_not_change_whose_the_others_are(
    tmp_path: Path, hw: Assignment
) -> None:
    canvas = {
        "anna_1_10_scaled_sum.py": code("anna"),
        **{f"eve_2_{i}_x_1_assignsubmission_file_{i}.py": code("eve") for i in range(20, 25)},
    }
    moodle = {
        "Anna_1_assignsubmission_file_scaled_sum.py": code("anna"),
        **{f"Eve_2_assignsubmission_file_1_{i}_scaled_sum.py": code("eve") for i in range(5)},
    }

    for number, members in enumerate((canvas, moodle)):
        found = marks(hw, archive(tmp_path / f"{number}.zip", dict(members)))
        assert {"anna_1": code("anna"), "eve_2": code("eve")} == {
            student.lower(): text for student, text in found.items()
        }


def test_times_that_are_all_the_same_are_those_of_the_download(
    tmp_path: Path, hw: Assignment
) -> None:
    members: dict[str, str | bytes] = {}
    for number in range(3):
        members |= {f"S{number}_{number}_assignsubmission_file_/scaled_sum.py": code(number)}
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w") as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 3, 9, 12, 0, 0)), data)

    collected = collect(replace(hw, due=DUE), [place])

    assert {None} == {one.submitted for one in collected.submissions}
    assert "which is when they were downloaded" in collected.remarks[0]


# --- folders --------------------------------------------------------------------------------------


def test_folders_archives_and_files_of_students_are_mixed(tmp_path: Path, hw: Assignment) -> None:
    place = folder(
        tmp_path / "in",
        {
            "anna/scaled_sum.py": code("anna"),
            "Anna/notes/final.py": code("Anna"),
            "ben.zip": packed({"hw1/scaled_sum.py": code("ben"), "__MACOSX/._x.py": "junk"}),
            "carl.py": code("carl"),
            "dora (1).py": code("dora"),
            "eve/report.pdf": b"%PDF",
            ".DS_Store": b"\0",
        },
    )

    assert {
        "Anna": code("Anna"),
        "anna": code("anna"),
        "ben": code("ben"),
        "carl": code("carl"),
        "dora": code("dora"),
        "eve": "",
    } == marks(hw, place)
    assert ("no answer to any kata was found in “report.pdf”",) == read(hw, place)["eve"].problems


def test_folder_that_nbgrader_collected_has_one_assignment_and_its_time(
    tmp_path: Path, hw: Assignment
) -> None:
    place = folder(
        tmp_path / "submitted",
        {
            "anna/hw1/hw1.ipynb": notebook(code("hw1")),
            "anna/hw1/timestamp.txt": "2026-03-01 22:58:00.123456 UTC\n",
            "anna/hw2/hw2.ipynb": notebook(code("hw2")),
            "ben/hw1/hw1.ipynb": notebook(code("ben")),
            "ben/hw1/timestamp.txt": "2026-03-02 01:00:00 +0100",
            "carl/hw1/hw1.ipynb": notebook(code("carl")),
            "carl/hw1/timestamp.txt": "yesterday",
            "dora/hw2/hw2.ipynb": notebook(code("dora")),
        },
    )

    collected = collect(hw, [place])
    anna, ben, carl, _ = collected.submissions

    assert code("hw1") == anna.sources[KATA]
    assert datetime(2026, 3, 1, 22, 58, tzinfo=UTC) == anna.submitted
    assert ben.submitted is not None
    assert datetime(2026, 3, 2, tzinfo=UTC) == ben.submitted.astimezone(UTC)
    assert carl.submitted is None
    assert "holds no time" in collected.remarks[0]


def test_time_that_a_student_has_put_in_is_not_believed(tmp_path: Path, hw: Assignment) -> None:
    inside = packed({"scaled_sum.py": code(1), "timestamp.txt": "2020-01-01 00:00:00 UTC"})
    moodle = archive(
        tmp_path / "m.zip",
        {
            "A_1_assignsubmission_file_/scaled_sum.py": code(1),
            "A_1_assignsubmission_file_/timestamp.txt": "2020-01-01 00:00:00 UTC",
            "B_2_assignsubmission_file_/b.zip": inside,
        },
    )
    loose = folder(tmp_path / "in", {"carl.zip": inside})

    times = [one.submitted for one in collect(replace(hw, due=DUE), [moodle, loose]).submissions]

    assert [2026, 2026, None] == [time and time.year for time in times]


def test_time_that_a_student_has_put_into_a_folder_is_not_believed(
    tmp_path: Path, hw: Assignment
) -> None:
    early = "2020-01-01 00:00:00 UTC"
    eve = {"hw1/hw1.ipynb": notebook(code("eve")), "hw1/timestamp.txt": early}
    clones = {
        "anna/scaled_sum.py": code("anna"),
        "ben/README.md": "",
        "ben/hw1/hw1.ipynb": notebook(code("ben")),
        "carl/hw1/hw1.ipynb": notebook(code("carl")),
        "dora/scaled_sum.py": code("dora"),
        "dora/timestamp.txt": early,
        **{f"eve/{name}": text for name, text in eve.items()},
    }

    collected = collect(
        replace(hw, due=DUE),
        [folder(tmp_path / "a", clones), archive(tmp_path / "b.zip", {"scaled_sum.py": code(1)})],
    )

    assert {None} == {one.submitted for one in collected.submissions}
    assert "the time in timestamp.txt is not believed for eve" in collected.remarks[0]


def test_time_of_nbgrader_does_not_make_others_late(tmp_path: Path, hw: Assignment) -> None:
    members: dict[str, str | bytes] = {
        "anna/hw1/hw1.ipynb": notebook(code("anna")),
        "anna/hw1/timestamp.txt": "2026-03-01 22:58:00 UTC",
        "ben/hw1/hw1.ipynb": notebook(code("ben")),
        "ben/hw1/timestamp.txt": "2026-03-01 22:58:00 UTC",
    }
    moodle = archive(
        tmp_path / "m.zip", {"C_1_assignsubmission_file_/scaled_sum.py": code("carl")}, time=9
    )

    times = [
        one.submitted for one in collect(hw, [folder(tmp_path / "s", members), moodle]).submissions
    ]

    assert [None, 2026, 2026] == [time and time.year for time in times]


def test_one_students_folder_is_one_student(tmp_path: Path, hw: Assignment) -> None:
    assert {"anna": code(1)} == marks(hw, folder(tmp_path / "anna", {"scaled_sum.py": code(1)}))


def test_folder_around_everything_is_no_student(tmp_path: Path, hw: Assignment) -> None:
    members: dict[str, str | bytes] = {"all/anna/a.py": code(1), "all/ben/scaled_sum.py": code(2)}

    assert {"anna", "ben"} == marks(hw, archive(tmp_path / "a.zip", members)).keys()


def test_bulk_download_may_lie_in_a_folder(tmp_path: Path, hw: Assignment) -> None:
    members: dict[str, str | bytes] = {"doe_1_2_scaled_sum.py": code(1)}

    assert ["doe_1"] == list(marks(hw, folder(tmp_path / "in", {"canvas.zip": packed(members)})))


@pytest.mark.parametrize("kind", ["canvas", "moodle"])
def test_archive_beside_others_is_a_students_whatever_it_holds(
    tmp_path: Path, hw: Assignment, kind: str
) -> None:
    names = {
        "canvas": "LATE_1234567_99999999_scaled_sum.py",
        "moodle": "x_1234567_assignsubmission_file_scaled_sum.py",
    }
    place = folder(
        tmp_path / "in",
        {
            "1234567.zip": packed({"scaled_sum.py": code("alice")}),
            "7654321.zip": packed({names[kind]: code("eve")}),
        },
    )

    found = read(hw, place)

    assert {"1234567": code("alice"), "7654321": code("eve")} == marks(hw, place)
    assert not found["1234567"].late
    assert "“7654321.zip” looks like a download" in collect(hw, [place]).remarks[0]


def test_class_stays_one_beside_a_file_that_is_called_like_a_kata(
    tmp_path: Path, hw: Assignment
) -> None:
    place = folder(
        tmp_path / "in",
        {
            "anna/scaled_sum.py": code("anna"),
            "ben.zip": packed({"scaled_sum.py": code("ben")}),
            "scaled_sum.py": code("?"),
        },
    )

    assert {"anna", "ben", "scaled_sum"} == marks(hw, place).keys()


def test_what_is_taken_together_for_one_student_is_said(tmp_path: Path, hw: Assignment) -> None:
    one = folder(tmp_path / "1", {"anna/scaled_sum.py": code(1), "ben/scaled_sum.py": code(2)})
    (one / "anna.py").write_text(code("?"))
    two = folder(tmp_path / "2", {"eve/anna/scaled_sum.py": code(3)})

    remarks = "\n".join(collect(hw, [one, two]).remarks)

    assert "in several of the places named, of which a later one counts first: anna" in remarks
    assert "“anna.py”, “anna” are all taken for anna's" in remarks
    assert "ben" not in remarks


def test_later_place_counts_before_an_earlier_one(tmp_path: Path, hw: Assignment) -> None:
    one = folder(tmp_path / "1", {"anna/scaled_sum.py": code(1), "ben/scaled_sum.py": code(2)})
    two = folder(tmp_path / "2", {"anna/scaled_sum.py": code(3)})

    assert {"anna": code(3), "ben": code(2)} == marks(hw, one, two)


def test_of_several_answers_the_one_that_counts_is_named(tmp_path: Path, hw: Assignment) -> None:
    place = folder(
        tmp_path / "in",
        {
            "anna/scaled_sum.py": code(1),
            "anna/scaled_sum-2.py": code(2),
            "anna/scaled_sum-10.py": code(10),
            "anna/zz_experiment.py": code("no"),
        },
    )

    anna = read(hw, place)["anna"]

    assert code(10) == anna.sources[KATA]
    assert (f"{KATA}: of 3 versions “scaled_sum-10.py” counts",) == anna.problems


# --- hostile --------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_said_and_costs_nobody_else(tmp_path: Path, hw: Assignment) -> None:
    link = zipfile.ZipInfo("scaled_sum.py")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("../../up.py", code("up"))
        file.writestr("more.zip", packed({"scaled_sum.py": code("too deep")}))
        file.writestr("a.tar.gz", b"x")
    place = folder(
        tmp_path / "in",
        {
            "anna.zip": out.getvalue(),
            "ben/scaled_sum.py": b"\xff\xfe\xfd",
            "carl/hw.zip": b"no zip",
            "dora/scaled_sum.py": code("fine"),
            "eve/scaled_sum.py": b"x" * (2**24 + 1),
        },
    )
    (place / "ben" / "link.py").symlink_to("/etc/passwd")

    found = read(hw, place)

    assert {"dora"} == {name for name, one in found.items() if one.sources}
    said = "\n".join(found["anna"].problems)
    assert "“scaled_sum.py” in “anna.zip” is a link, which is not followed" in said
    assert "“up.py” in “anna.zip” has a path that leads out of the archive" in said
    assert "“more.zip” in “anna.zip” is an archive in an archive" in said
    assert "“link.py” is a link" in " ".join(found["ben"].problems)
    assert "“hw.zip” is not a zip archive" in found["carl"].problems[0]
    assert "is larger than 16 MiB" in found["eve"].problems[0]


def test_whatever_a_file_makes_of_the_reader_costs_its_author_only(
    tmp_path: Path, hw: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dojo.instructor import collect as module

    def answers(name: str, data: bytes, *rest: object, real: Any = module.answers) -> Any:
        if b"eve" in data:
            raise RecursionError
        return real(name, data, *rest)

    def members(self: Archive, real: Any = Archive.members) -> Any:
        if self.name == "fay.zip":
            raise MemoryError
        return real(self)

    monkeypatch.setattr(module, "answers", answers)
    monkeypatch.setattr(Archive, "members", members)
    place = folder(
        tmp_path / "in",
        {
            "anna/scaled_sum.py": code("anna"),
            "eve/scaled_sum.py": code("eve"),
            "fay.zip": packed({"scaled_sum.py": code("fay")}),
        },
    )

    found = read(hw, place)

    assert {"anna"} == {name for name, one in found.items() if one.sources}
    assert "“scaled_sum.py” could not be read: RecursionError" in found["eve"].problems
    assert "“fay.zip” could not be read: MemoryError" in found["fay"].problems
    monkeypatch.setattr(module, "_latest", lambda options: 1 / 0)
    assert ("what was handed in could not be read: ZeroDivisionError",) == read(hw, place)[
        "anna"
    ].problems


def test_what_is_read_of_one_student_has_a_limit(tmp_path: Path, hw: Assignment) -> None:
    bombs: dict[str, str | bytes] = {f"{i:02}/scaled_sum.py": bytes(2**24) for i in range(18)}
    place = folder(
        tmp_path / "in",
        {
            "anna/scaled_sum.py": code("anna"),
            "eve.zip": packed(bombs | {"zz/scaled_sum.py": code("eve")}),
        },
    )

    found = read(hw, place)

    assert {KATA: code("anna")} == found["anna"].sources
    assert {} == found["eve"].sources
    assert 8 == sum("holds more than 1 MiB of code" in text for text in found["eve"].problems)
    assert 11 == sum("it is too much in all" in text for text in found["eve"].problems)


def test_hostile_names_become_harmless_text(tmp_path: Path, hw: Assignment) -> None:
    names = ["<script>alert(1)<", '"; rm -rf ~; "', "a\nb", "=cmd|' !A0", "x" * 240, "\u202eevil"]
    place = tmp_path / "in"
    for name in names:
        folder(place, {f"{name}/scaled_sum.py": code(name)})
    os.makedirs(os.fsencode(place) + b"/caf\xe9")
    (Path(os.fsdecode(os.fsencode(place) + b"/caf\xe9")) / "scaled_sum.py").write_text(code("é"))

    found = read(hw, place)

    assert len(names) + 1 == len(found)
    assert all(student.isprintable() and len(student) <= 220 for student in found)
    assert {code(name) for name in [*names, "é"]} == {one.sources[KATA] for one in found.values()}


@pytest.mark.parametrize("kind", ["empty", "missing", "text", "broken"])
def test_place_without_submissions_says_what_to_name(
    tmp_path: Path, hw: Assignment, kind: str
) -> None:
    place = tmp_path / {"text": "a.txt", "broken": "a.zip"}.get(kind, kind)
    if kind == "empty":
        place.mkdir()
    elif kind != "missing":
        place.write_text("nothing")

    with pytest.raises(UnpackError, match=r"expected one|name the folder|download it again"):
        collect(hw, [place])
