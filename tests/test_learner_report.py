"""The report shows what was done and where an answer differs, and needs nothing but itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_suite import GRADER, SOLUTION, Make

from dojo.cli import main
from dojo.engine import Engine
from dojo.mistakes import reference
from dojo.practice.learner_report import MARKER, ReportError, render, save
from dojo.practice.overview import Overview, look, streak
from dojo.practice.picture import SIDE, Picture, pictures
from dojo.practice.plots import heat_map
from dojo.practice.topic_map import State, topic_map
from dojo.progress import Failed, Progress
from dojo.reference import References
from dojo.suite import Suite
from dojo.verdict import Verdict
from dojo.workspace import record_of

ID = "basics/scaled_sum"
RIGHT = reference(SOLUTION)
EVIL = "</pre></style><script>alert('owned')</script><img src=x onerror=alert(1)>"
DAY = 86400.0
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


def answer(body: str) -> str:
    return f"import torch\n\ndef scaled_sum(x, y, scale=1.0):\n    {body}\n"


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    return make_suite()


@pytest.fixture
def drawn(suite: Suite, engine: Engine) -> Any:
    references = References(engine, suite.root / ".dojo" / "expected")

    def draw(text: str) -> tuple[Picture, ...]:
        return pictures(engine, references, suite.entries[0], text)

    return draw


def failed(why: str = "", summary: str = "all values differ", *details: str) -> Failed:
    return Failed(
        case_id="output[n=3]",
        title="matches the equation",
        verdict=Verdict.WRONG,
        summary=summary,
        why=why,
        details=details,
    )


# --- the picture ----------------------------------------------------------------------------------


def test_picture_holds_what_was_expected_and_what_came(drawn: Any) -> None:
    (picture,) = drawn(answer("return (x - y) * scale"))
    (shifted,) = drawn(answer("return (x + y) * scale + 1"))

    assert ("matches the equation", "n=3, m=4, scale=2.5", "result") == (
        picture.title,
        picture.sizes,
        picture.place,
    )
    assert (3, 4) == picture.expected.values.shape == picture.got.values.shape
    assert picture.wrong.all()
    assert (12, 12) == (picture.n_wrong, picture.total)
    assert ("n = 3", "m = 4") == (picture.expected.rows, picture.expected.columns)
    np.testing.assert_array_equal(picture.expected.values, shifted.expected.values)
    np.testing.assert_allclose(shifted.got.values, shifted.expected.values + 1, rtol=1e-6)


def test_picture_marks_only_what_is_wrong(drawn: Any) -> None:
    body = "out = (x + y) * scale; out[..., -1] += 5 if out.ndim > 1 else 0; return out"

    (picture,) = drawn(answer(body))

    assert picture.wrong[:, -1].all()
    assert 3 == picture.n_wrong == picture.wrong.sum()


@pytest.mark.parametrize(
    "text",
    [RIGHT, answer("raise KeyError"), answer("return 3"), answer("return None"), "def (", ""],
)
def test_answer_without_a_wrong_array_has_no_picture(drawn: Any, text: str) -> None:
    assert () == drawn(text)


def test_wrong_shape_is_drawn_without_a_difference(drawn: Any) -> None:
    (picture,) = drawn(answer("return ((x + y) * scale).mT if x.ndim > 1 else x"))

    assert ((3, 4), (4, 3)) == picture.shapes
    assert (4, 3) == picture.got.values.shape
    assert picture.wrong is None


def test_nan_is_the_worst_of_all(drawn: Any) -> None:
    body = "out = (x + y) * scale; out[..., 1] = float('nan'); out[..., 0] += 9; return out"

    (picture,) = drawn(answer(body))

    assert np.isnan(picture.got.values[:, 1]).all()


BIG = GRADER.replace("@case(n=3, m=4, scale=2.5)", "@case(n=70, m=50, scale=2.5)").replace(
    "return kata.scaled_sum(draw.normal(n, m), draw.normal(n, m), scale=scale)",
    "return kata.scaled_sum(draw.normal(3, n, m), draw.normal(3, n, m), scale=scale)",
)


def test_large_array_is_shown_around_its_worst_place(make_suite: Make, engine: Engine) -> None:
    suite = make_suite(grader=BIG)
    references = References(engine, suite.root / ".dojo" / "expected")
    body = "out = (x + y) * scale\n    if out.ndim == 3: out[2, 60, 5] = 1e6\n    return out"

    (picture,) = pictures(engine, references, suite.entries[0], answer(body))

    assert (SIDE, SIDE) == picture.got.values.shape
    assert (70 - SIDE, 0) == picture.got.first
    assert 1e6 == picture.got.values.max()
    row, column = np.argwhere(picture.wrong)[0]
    assert (60, 5) == (row + picture.got.first[0], column + picture.got.first[1])
    assert "index 2" == picture.at


def test_heat_map_takes_the_colours_of_the_page() -> None:
    values = np.array([[1.0, -2.0, np.nan], [np.inf, -np.inf, 0.0]])

    svg = heat_map(values, 2.0, np.isnan(values), "a < b")

    assert 'aria-label="a &lt; b"' in svg
    assert {"var(--warm)", "var(--cool)", "currentColor"} <= set(
        re.findall(r"var\(--\w+\)|currentColor", svg)
    )
    assert not re.findall(r"#[0-9a-f]{6}", svg)
    for number in ("1.00", "−2.00", "NaN", "∞", "−∞"):
        assert f">{number}<" in svg


# --- numbers --------------------------------------------------------------------------------------


def test_streak_ends_today_or_yesterday() -> None:
    now = datetime(2026, 3, 10, 12).astimezone()
    at = now.timestamp()

    def of(*days: float) -> int:
        return streak([at - day * DAY for day in days], now.date())

    assert (0, 1, 1, 3, 2, 0) == (of(), of(0), of(1), of(0, 1, 2), of(1, 2, 4), of(2, 3))
    assert 1 == of(0, -400, 1e9)  # a clock that was wrong


@pytest.fixture
def practised(suite: Suite, make_suite: Make, monkeypatch: pytest.MonkeyPatch) -> Overview:
    """Two katas over three days: one solved at the second try, one not solved."""
    make_suite(grader=GRADER.replace("minutes=5", "minutes=7"), id="losses/other")
    needing = GRADER.replace('source="Arith', 'needs=("basics/scaled_sum",),\n    source="Arith')
    make_suite(grader=needing, id="decoding/third")
    record = record_of(suite)
    start = time.time() - 3 * DAY
    for day, kata, verdict, why in (
        (0.0, ID, Verdict.WRONG, "A mended mistake."),
        (0.005, ID, Verdict.PASSED, ""),
        (1.0, "losses/other", Verdict.WRONG, "A lasting mistake."),
        (3.0, "losses/other", Verdict.WRONG, "A lasting mistake."),
        (3.0, "gone/away", Verdict.WRONG, "Of a kata that is gone."),
    ):
        now = start + day * DAY
        monkeypatch.setattr("dojo.progress.time.time", lambda now=now: now)
        monkeypatch.setattr("dojo.progress.time.monotonic", lambda now=now: now)
        text = answer(f"return (x - y) * scale  # {day}").encode()
        failures = [failed(why, "all values differ")] if why else []
        record.record(kata, verdict, 1, 4, 0.1, f"{kata}{day}", failures=failures, answer=text)
    monkeypatch.undo()
    return look(Suite(suite.root), record)


def test_overview_counts_what_there_is(practised: Overview) -> None:
    assert (1, 1) == (practised.n_solved, practised.streak)
    assert [("basics", 1, 0, 1), ("losses", 0, 1, 1), ("decoding", 0, 0, 1)] == [
        (topic.name, topic.solved, topic.tried, topic.total) for topic in practised.topics
    ]
    assert [("A lasting mistake.", 2, False), ("A mended mistake.", 1, True)] == [
        (weakness.why, weakness.attempts, weakness.mended) for weakness in practised.weaknesses
    ]


def run(capsys: Any, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["dojo", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return int(ended.value.code or 0), out, err


@pytest.fixture
def dojo(suite: Suite, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    for name in ("DOJO_ROOT", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.chdir(suite.root)
    return lambda *arguments: run(capsys, monkeypatch, *arguments)


def test_status_shows_topics_and_what_goes_wrong(practised: Overview, dojo: Any) -> None:
    _, out, _ = dojo("status")

    lines = [line.split() for line in out.splitlines()]
    assert ["basics", "██████████", "1", "of", "1", "–"] == lines[1][:6]
    assert ["losses", "▒▒▒▒▒▒▒▒▒▒", "0", "of", "1", "1", "–"] == lines[2]
    assert "1 of 3 solved · 1 day in a row" in out
    assert "  2× other\n     A lasting mistake.\n  1× scaled_sum – solved since\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_status_of_named_katas_is_shown_in_full(practised: Overview, dojo: Any) -> None:
    _, out, _ = dojo("status", "losses", "third")

    assert ["losses/other", "wrong", "1", "of", "4", "2"] == out.splitlines()[1].split()[:6]
    assert ["decoding/third", "not", "started"] == out.splitlines()[2].split()


# --- the greeting ---------------------------------------------------------------------------------


def test_newcomer_gets_three_lines_and_a_command(dojo: Any) -> None:
    status, out, err = dojo()

    lines = out.splitlines()
    assert (0, "") == (status, err)
    assert lines[0].startswith("Welcome. 1 katas")
    assert ["", "  dojo watch scaled_sum", ""] == lines[3:6]
    assert max(map(len, lines)) <= 80


def test_newcomer_is_greeted_in_chinese(dojo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    assert dojo()[1].startswith("欢迎！")


def test_who_comes_back_sees_what_is_due_and_next(practised: Overview, dojo: Any) -> None:
    out = dojo()[1]

    assert out.startswith("1 of 3 solved · 1 day in a row")
    assert "Next: losses/other – warmup, 7 minutes" in out
    assert out.endswith("\n  dojo watch other\n")


# --- the page -------------------------------------------------------------------------------------


def test_page_has_every_part_and_needs_nothing_else(
    practised: Overview, suite: Suite, drawn: Any
) -> None:
    shown = drawn(answer("return (x - y) * scale"))

    page = render(suite, record_of(suite), practised, shown)

    assert page.startswith(MARKER)
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert [
        "Progress",
        "Where the last failing answer differs",
        "Recurring mistakes",
        "Topics",
        "Time",
        "Katas",
    ] == titles
    assert "<b>losses/other</b> – wrong, 1 of 4 cases passed" in page
    assert 3 == page.count("<figcaption>")
    assert "12 of 12 values differ" in page
    assert not re.search(r"(src|href)=\"(?!#)(?!http://www.w3.org/)", page)
    assert {"http://www.w3.org/1999/xlink"} >= set(re.findall(r"https?://[^\"'\s<)]+", page))
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in re.sub(r"url\(#\w+\)", "", page)


def test_page_of_nothing_says_so(suite: Suite) -> None:
    record = record_of(suite)

    page = render(suite, record, look(suite, record))

    assert "Nothing has been graded yet." in page
    assert not record.path.exists()


def test_everything_on_the_page_is_escaped(suite: Suite) -> None:
    record = record_of(suite)
    failures = [failed("", EVIL, EVIL, EVIL)]
    record.record(ID, Verdict.WRONG, 1, 4, 0.1, "a", failures=failures)
    plain = render(suite, record, look(suite, record))
    record.record(ID, Verdict.WRONG, 1, 4, 0.1, "b", failures=[failed(EVIL, EVIL)])
    matrix = np.array([[1.0, 2.0]])
    marked = heat_map(matrix, 2.0, None, EVIL)

    page = render(suite, record, look(suite, record))

    for text in (plain, page, marked):
        assert "<script" not in text
        assert "<img" not in text
        assert "&lt;script&gt;" in text
    assert 1 == page.count("<style>") == page.count("</style>")


def test_topics_are_joined_by_what_they_need(practised: Overview) -> None:
    topics = {e.topic: [e] for e in practised.entries}
    states: dict[str, State] = {e.id: "solved" if e.id == ID else "new" for e in practised.entries}

    svg = topic_map(topics, states, 5)

    assert 1 == svg.count('<path class="edge done"') == svg.count("<path")
    assert 3 == svg.count("<circle") - svg.count('<circle class="other"')
    assert "scaled_sum: solved" in svg
    # The topic that needs another lies below it, one that stands alone below both.
    rows = dict(re.findall(r'y="([\d.]+)">(basics|decoding|losses)<', svg))
    heights = {name: float(y) for y, name in rows.items()}
    assert heights["basics"] < heights["decoding"] < heights["losses"]


def test_command_writes_a_page_with_the_picture_of_the_last_failing_answer(
    suite: Suite, practised: Overview, dojo: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_cli import Borrowed

    monkeypatch.setattr("dojo.engine.Engine", Borrowed(engine))

    status, out, err = dojo("report", "--out", "mine.html")

    assert (0, "wrote mine.html\n", "") == (status, out, err)
    assert 3 == Path("mine.html").read_text(encoding="utf-8").count("<figcaption>")
    assert 0 == dojo("report", "--out", "mine.html")[0]


@pytest.mark.parametrize("name", ["katas/basics/scaled_sum.py", "katas"])
def test_nothing_but_a_report_is_overwritten(suite: Suite, dojo: Any, name: str) -> None:
    before = suite.entries[0].stub.read_text()

    status, out, err = dojo("report", "--out", name)

    assert (2, "") == (status, out)
    assert "--out" in err or "name a file in it" in err
    assert before == suite.entries[0].stub.read_text()
    with pytest.raises(ReportError):
        save(suite.root / name, "x")


# --- in a browser ---------------------------------------------------------------------------------

PROBE = """<script>
const style = getComputedStyle(document.body);
const visible = name => [...document.querySelectorAll(name)].filter(e => e.offsetWidth).length;
const cell = document.querySelector(".panels path[style*='--warm'], .panels path[style*='--cool']");
// What lies inside a drawing is measured as the drawing.
const parts = [...document.querySelectorAll("body *")].filter(e => !e.closest("svg *"));
parent.postMessage(JSON.stringify({
  width: innerWidth,
  overflow: Math.max(...parts.map(e => e.getBoundingClientRect().right)) - innerWidth,
  wide: visible("figure.wide"),
  narrow: visible("figure.narrow"),
  paper: style.backgroundColor,
  ink: style.color,
  fill: getComputedStyle(cell).fill,
  text: getComputedStyle(document.querySelector(".panels svg text")).fontFamily,
  panels: new Set([...document.querySelectorAll(".panels figure")].map(
    e => Math.round(e.getBoundingClientRect().left))).size,
}), "*");
</script>"""
FRAME = """<!doctype html><body style="margin:0"><iframe src="page.html" style="border:0;width:{}px;
height:900px"></iframe><script>addEventListener("message", e => document.title = e.data)</script>"""


@pytest.fixture(scope="module")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Open a page at a width, light or dark, and return what it looks like from inside."""
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    folder = tmp_path_factory.mktemp("browser")

    def look_at(page: str, width: int, dark: bool) -> dict[str, Any]:
        (folder / "page.html").write_text(page.replace("</body>", PROBE + "</body>"), "utf-8")
        (folder / "frame.html").write_text(FRAME.format(width), encoding="utf-8")
        command = [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--user-data-dir={folder / 'profile'}",
            *("--window-size=1400,1000", "--virtual-time-budget=5000"),
            (folder / "frame.html").as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
        assert title, f"{done.stdout[:500]}\n{done.stderr[-1500:]}"
        return dict(json.loads(title[1]))

    return look_at


def test_page_fits_screen_and_phone_in_light_and_dark(
    browse: Any, practised: Overview, suite: Suite, drawn: Any
) -> None:
    page = render(suite, record_of(suite), practised, drawn(answer("return (x - y) * scale")))

    screen, phone = browse(page, 1200, False), browse(page, 390, True)

    assert (1200, 390) == (screen["width"], phone["width"])
    assert screen["overflow"] <= 0 and phone["overflow"] <= 0
    assert screen["wide"] >= 2 and not screen["narrow"]
    assert phone["narrow"] >= 2 and not phone["wide"]
    assert (3, 1) == (screen["panels"], phone["panels"])
    assert "system-ui" in screen["text"]
    light, dark = (
        [sum(map(int, re.findall(r"\d+", found[name])[:3])) for name in ("paper", "ink")]
        for found in (screen, phone)
    )
    assert light[0] - light[1] > 400
    assert dark[1] - dark[0] > 400
    assert screen["fill"] != phone["fill"]


def test_probe_sees_what_sticks_out(
    browse: Any, practised: Overview, suite: Suite, drawn: Any
) -> None:
    page = render(suite, record_of(suite), practised, drawn(answer("return (x - y) * scale")))
    spoilt = page.replace("<main>", '<main><div style="width:700px">x</div>')

    assert browse(spoilt, 390, False)["overflow"] > 200


def test_record_that_is_newer_is_refused_and_kept(suite: Suite, dojo: Any) -> None:
    record = Progress(suite.root / ".dojo" / "progress.sqlite")
    record.record(ID, Verdict.PASSED, 1, 1, 0.1, "a")
    import sqlite3

    with sqlite3.connect(record.path) as db:
        db.execute("PRAGMA user_version = 99")
    before = record.path.read_bytes()

    for command in ((), ("status",), ("report",)):
        status, out, err = dojo(*command)
        assert (2, "") == (status, out)
        assert "was written by a newer version" in err
    assert before == record.path.read_bytes()


@pytest.mark.parametrize("at", [0.0, -1e9, 1e15])
def test_clock_that_was_wrong_spoils_neither_page_nor_status(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, at: float
) -> None:
    record = record_of(suite)
    for now, digest in ((time.time(), "a"), (at, "b")):
        monkeypatch.setattr("dojo.progress.time.time", lambda now=now: now)
        record.record(ID, Verdict.WRONG, 1, 4, 0.1, digest, failures=[failed("A mistake.")])
    monkeypatch.undo()
    seen = look(suite, record)

    page = render(suite, record, seen)

    assert 1 == seen.streak
    assert 2 == page.count("Solved katas and tries by day")
    axes = re.findall(r"<text[^>]*>([^<]*)</text>", page)
    assert "tries" in axes
    assert not [text for text in axes if re.match(r"(19|2[1-9]|0\d)\d\d\b", text)]  # no decades


def test_place_that_cannot_be_written_is_named(suite: Suite, dojo: Any) -> None:
    (suite.root / "plain").write_text("x")

    status, out, err = dojo("report", "--out", "plain/report.html")

    assert (2, "") == (status, out)
    assert "plain" in err


def test_damaged_record_is_set_aside_and_told(suite: Suite, dojo: Any) -> None:
    path = suite.root / ".dojo" / "progress.sqlite"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"no database" * 100)

    status, out, err = dojo("status")

    assert (2, "") == (status, out)
    assert "is damaged" in err
    assert b"no database" * 100 in [kept.read_bytes() for kept in path.parent.iterdir()]
