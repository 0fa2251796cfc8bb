"""Archives and folders are read, never extracted, and what is odd in them is said."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dojo.instructor.unpack import (
    Archive,
    Limits,
    Member,
    UnpackError,
    Unreadable,
    clean_name,
    files,
    opened,
)

TEXT = b"def f(): pass\n"


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def read(data: bytes) -> list[Member]:
    return list(Archive(io.BytesIO(data), "a.zip").members())


def problem(member: Member) -> str:
    with pytest.raises(Unreadable) as found:
        member.read(2**20)
    return str(found.value)


def link(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


def test_regular_members_are_read_by_name() -> None:
    (one,) = read(zipped(("Jane Doe/softmax.py", TEXT)))

    assert ("Jane Doe", "softmax.py") == one.path
    assert TEXT == one.read(100)


@pytest.mark.parametrize(
    "name",
    ["../up.py", "a/../../up.py", "/etc/up.py", "C:/up.py", "c:up.py", "..\\up.py", "\\\\host\\up"],
)
def test_path_that_leads_out_is_refused(name: str) -> None:
    (member,) = read(zipped((name, TEXT)))

    assert "has a path that leads out of the archive" == member.problem == problem(member)
    assert ".." not in member.path[:1] or member.problem


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (stat.S_IFLNK, "is a link, which is not followed"),
        (stat.S_IFIFO, "is not a regular file"),
        (stat.S_IFBLK, "is not a regular file"),
    ],
)
def test_links_and_devices_are_refused(kind: int, expected: str) -> None:
    (member,) = read(zipped((link("softmax.py", kind), b"/etc/passwd")))

    assert expected == problem(member)


def test_zip_bomb_is_cut_off_at_the_limit() -> None:
    (member,) = read(zipped(("bomb.py", bytes(50 * 2**20))))

    assert "is larger than 1 MiB" == problem(member)


def test_size_that_is_lied_about_is_counted_while_it_is_inflated() -> None:
    data = bytearray(zipped(("bomb.py", bytes(5 * 2**20))))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + offset, 10)
    (member,) = read(bytes(data))

    assert problem(member) in ("is damaged", "is larger than 1 MiB")


def test_encrypted_member_is_said_to_be_so() -> None:
    data = bytearray(zipped(("softmax.py", TEXT)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    (member,) = read(bytes(data))

    assert "is encrypted: hand it in without a password" == problem(member)


def test_unusual_compression_is_refused_before_it_is_tried() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.py", TEXT)
    (member,) = read(out.getvalue())

    assert "is compressed in an unusual way: make a plain zip archive" == problem(member)


def test_changed_byte_is_damage() -> None:
    data = bytearray(zipped(("softmax.py", os.urandom(200))))
    data[60] ^= 0xFF
    (member,) = read(bytes(data))

    assert "is damaged" == problem(member)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(9), b"<html>" * 100])
def test_what_is_no_archive_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(Unreadable, match="is not a zip archive, or is damaged"):
        Archive(io.BytesIO(data), "a.zip")


def test_too_many_members_and_too_large_a_table_are_refused() -> None:
    data = zipped(*((f"{i}.py", b"") for i in range(20)))

    with pytest.raises(Unreadable, match="more than 10 files"):
        Archive(io.BytesIO(data), "a.zip", Limits(members=10))
    with pytest.raises(Unreadable, match="table of contents"):
        Archive(io.BytesIO(data), "a.zip", Limits(directory=500))


def test_of_two_members_with_one_name_the_last_counts() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("a.py", b"1"), ("a.py", b"2"))

    assert [b"2"] == [member.read(10) for member in read(data)]


def test_archive_in_an_archive_is_opened_within_its_own_limits() -> None:
    inner = zipped(("softmax.py", TEXT))
    (outer,) = read(zipped(("jane.zip", inner)))

    with ExitStack() as stack:
        (member,) = opened(stack, outer).members()
        assert TEXT == member.read(100)


@pytest.mark.parametrize(
    ("raw", "extra", "expected"),
    [
        ("Zoë.py".encode(), b"", "Zoë.py"),  # UTF-8 that does not say so, as macOS writes it
        ("王芳.py".encode(), b"", "王芳.py"),
        ("Zoë.py".encode("cp437"), b"", "Zoë.py"),
        (
            b"Zo_.py",
            struct.pack("<HHBI", 0x7075, 5 + 7, 1, zlib.crc32(b"Zo_.py")) + "Zoë.py".encode(),
            "Zoë.py",
        ),
    ],
)
def test_names_in_odd_encodings_come_out_right(raw: bytes, extra: bytes, expected: str) -> None:
    name = "x" * len(raw)
    info = zipfile.ZipInfo(name)
    info.extra = extra
    data = zipped((info, TEXT)).replace(name.encode(), raw)

    (member,) = read(data)

    assert expected == member.name


def test_time_with_a_zone_comes_before_the_one_without() -> None:
    bare = zipfile.ZipInfo("a.py", (2026, 3, 1, 12, 30, 0))
    stamped = zipfile.ZipInfo("b.py", (2026, 3, 1, 12, 30, 0))
    stamped.extra = struct.pack("<HHBi", 0x5455, 5, 1, 1_770_000_000)
    unknown = zipfile.ZipInfo("c.py", (1980, 1, 1, 0, 0, 0))

    times = [member.time for member in read(zipped((bare, b""), (stamped, b""), (unknown, b"")))]

    assert [datetime(2026, 3, 1, 12, 30), datetime.fromtimestamp(1_770_000_000, UTC), None] == times


def test_names_are_printable_short_and_stay_different() -> None:
    odd = ["a\nb", "a\x1b[2Jb", "a\u202eb", "x" * 5000, "x" * 5001, os.fsdecode(b"caf\xe9"), "café"]
    clean = [clean_name(name) for name in odd]

    assert all(name.isprintable() and len(name) < 260 for name in clean)
    assert len(odd) == len(set(clean))
    assert clean[-1] == clean_name("cafe\u0301")  # as macOS spells it


def test_folder_is_read_without_following_links(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_bytes(b"secret")
    folder = tmp_path / "in"
    (folder / "jane").mkdir(parents=True)
    (folder / "jane" / "softmax.py").write_bytes(TEXT)
    (folder / "jane" / "link.py").symlink_to(secret)
    (folder / "all").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.py")

    found = {member.path: member for member in files(folder)}

    assert TEXT == found["jane", "softmax.py"].read(100)
    assert "is a link, which is not followed" == problem(found["jane", "link.py"])
    assert "is a link, which is not followed" == found[("all",)].problem
    assert "is not a regular file" == problem(found[("pipe.py",)])
    assert 4 == len(found)


def test_file_that_became_a_link_or_a_pipe_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(TEXT)
    (member,) = files(tmp_path)
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert "cannot be read" in problem(member)
    path.unlink()
    os.mkfifo(path)

    assert "is not a regular file" == problem(member)


def test_folder_with_too_many_files_is_an_error_of_the_instructors(tmp_path: Path) -> None:
    for i in range(5):
        (tmp_path / f"{i}.py").touch()

    with pytest.raises(UnpackError, match="more than 4 files"):
        list(files(tmp_path, Limits(whole=4)))


@pytest.mark.parametrize("around", ["", "all/of/them"])
def test_folder_of_one_student_with_too_many_files_costs_that_one_only(
    tmp_path: Path, around: str
) -> None:
    for name in ("anna", "eve", "zoe"):
        (tmp_path / around / name / "deep").mkdir(parents=True)
        (tmp_path / around / name / "softmax.py").touch()
        for i in range(20 if name == "eve" else 2):
            (tmp_path / around / name / "deep" / f"{i}.py").touch()

    found = list(files(tmp_path, Limits(each=10)))
    paths = ["/".join(member.path[-2:]) for member in found if not member.problem]
    said = [(member.path[-2], member.problem) for member in found if member.problem]

    assert {"anna/softmax.py", "eve/softmax.py", "zoe/softmax.py"} <= {*paths}
    assert 3 + 2 + 2 + 8 == len(paths)
    assert [("eve", "holds more than 10 files: the others were not looked at")] == said


def test_junk_is_neither_yielded_nor_counted(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / ".git").mkdir(exist_ok=True)
        (tmp_path / ".git" / str(i)).touch()
    (tmp_path / "a.py").touch()

    found = files(tmp_path, Limits(whole=2), lambda name: name.startswith("."))

    assert ["a.py"] == [member.name for member in found]


@pytest.mark.parametrize("offset", [2**64 - 64, 2**63 - 10])
def test_offset_beyond_every_file_is_damage(offset: int) -> None:
    """A hand-made zip64 entry whose header would lie where no file reaches."""
    name, crc = b"softmax.py", zlib.crc32(TEXT)
    sizes = (0x5021, crc, len(TEXT), len(TEXT), len(name))
    head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, *sizes, 0) + name + TEXT
    extra = struct.pack("<HHQ", 1, 8, offset)
    fields = (45, 45, 0, 0, 0, *sizes, len(extra), 0, 0, 0, 0, 2**32 - 1)
    table = struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields) + name + extra
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(table), len(head), 0)
    (member,) = read(head + table + end)

    assert "is damaged" == problem(member)


@pytest.mark.parametrize("trick", ["zip64", "offset"])
def test_size_of_the_table_is_not_hidden_by_a_second_record(trick: str) -> None:
    data = zipped(*((f"{i}.py", b"") for i in range(20)))
    body, end = data[:-22], bytearray(data[-22:])
    size, start = struct.unpack_from("<2I", end, 12)
    if trick == "zip64":
        fields = (44, 45, 45, 0, 0, 20, 20, size, start)
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", *fields)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body), 1)
        struct.pack_into("<I", end, 12, 10)
        data = body + record + locator + bytes(end)
    else:  # a number in the record looks like the record's beginning
        struct.pack_into("<4s", end, 16, b"PK\5\6")
        data = body + bytes(end)

    with pytest.raises(Unreadable, match="table of contents"):
        Archive(io.BytesIO(data), "a.zip", Limits(directory=500))


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name[0] != "\0"
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_archive_makes_more_of_it_than_text_or_a_refusal(data: st.DataObject) -> None:
    """Whatever is done to an archive, reading ends with bytes below the limit or a reason."""
    names = data.draw(st.lists(NAMES, min_size=1, max_size=4))
    good = bytearray(zipped(*((name, name.encode("utf-8", "replace") * 9) for name in set(names))))
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(good) - 1))
        good[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)) | st.just(len(good)))
    reasons = _read_all(bytes(good[:cut]))

    assert all(reasons)


def _read_all(data: bytes) -> list[str]:
    """Read all of an archive and return why parts of it could not be read."""
    try:
        members = read(data)
    except Unreadable as why:
        return [str(why)]
    reasons = []
    for member in members:
        assert all(part and part.isprintable() for part in member.path)
        try:
            assert len(member.read(100)) <= 100
            assert ".." not in member.path
        except Unreadable as why:
            reasons.append(str(why))
    return reasons
