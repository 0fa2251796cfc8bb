"""`dojo report`: one HTML page about a learner's work, which needs no network and no other file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from dojo.command import count
from dojo.practice import plots
from dojo.practice.overview import Overview, Weakness, day_of
from dojo.practice.page import code
from dojo.practice.picture import Matrix, Picture
from dojo.practice.schedule import due_line
from dojo.practice.topic_map import State, topic_map
from dojo.progress import Attempt, Failed, Progress
from dojo.suite import Entry, Suite
from dojo.translations import Language, words
from dojo.trouble import Trouble
from dojo.verdict import Verdict
from dojo.workspace import write_file

__all__ = ["MARKER", "ReportError", "last_failing", "render", "save"]

MARKER: Final = "<!doctype html><!-- dojo report -->"
"""What every report begins with: nothing else is overwritten."""
BARS: Final = 24
EARLIEST: Final = date(2020, 1, 1)
STYLE: Final = Path(__file__).with_name("report.css")


class ReportError(Trouble):
    """A report that cannot be written; the message says what to do."""


def save(path: Path, page: str) -> None:
    """Write a report; what is there already must be one."""
    if path.is_dir():
        raise ReportError(f"{path} is a folder: name a file in it, such as {path / 'report.html'}")
    if path.exists() and not path.read_bytes().startswith(MARKER.encode()):
        raise ReportError(f"{path} exists and is no report: choose another name with --out")
    write_file(path, page.encode())


def last_failing(record: Progress, seen: Overview) -> Attempt | None:
    """Return the latest attempt that failed, of a kata that there is."""
    failing = (a for a in reversed(seen.attempts) if a.verdict is not Verdict.PASSED)
    return next(failing, None)


def render(
    suite: Suite,
    record: Progress,
    seen: Overview,
    shown: Sequence[Picture] = (),
    language: Language = "en",
    now: datetime | None = None,
) -> str:
    """Return the page. `shown` are the pictures of the last failing attempt."""
    now = now or datetime.now()
    body = "".join(
        (
            _head(suite, record, seen, now),
            _over_time(seen, now),
            _last_failure(record, seen, shown, language),
            _weaknesses(seen.weaknesses, seen.entries, language),
            _map(seen),
            _times(record, seen),
            _katas(record, seen, language),
        )
    )
    return (
        f'{MARKER}\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Dojo, {now:%Y-%m-%d}</title><style>{STYLE.read_text(encoding='utf-8')}</style>"
        f"</head><body><main>{body}</main></body></html>\n"
    )


def _head(suite: Suite, record: Progress, seen: Overview, now: datetime) -> str:
    hours, minutes = divmod(round(seen.seconds / 60), 60)
    spent = f"{hours}<small>h</small> {minutes}<small>min</small>"
    tiles = (
        (f"{seen.n_solved}<small>/{len(seen.entries)}</small>", "katas solved"),
        (str(seen.streak), "day in a row" if seen.streak == 1 else "days in a row"),
        (str(len(seen.due)), "due today"),
        (spent if hours else f"{minutes}<small>min</small>", "at work"),
    )
    shown = "".join(f"<li><b>{value}</b><span>{name}</span></li>" for value, name in tiles)
    return (
        f"<header><h1>Dojo</h1><time>{now:%Y-%m-%d}</time></header>"
        f'<ul class="tiles">{shown}</ul><p class="due">{code(due_line(suite, record))}</p>'
    )


def _section(title: str, body: str, note: str = "") -> str:
    about = f'<p class="note">{note}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{about}{body}</section>"


def _both(wide: str, narrow: str) -> str:
    """Return a drawing that is made for a screen and for a phone; the page shows one."""
    return f'<figure class="wide">{wide}</figure><figure class="narrow">{narrow}</figure>'


# --- over time ------------------------------------------------------------------------------------


def _over_time(seen: Overview, now: datetime) -> str:
    if not seen.attempts:
        return _section("Progress", "<p>Nothing has been graded yet.</p>")
    known: set[str] = set()
    solved: dict[date, int] = {}
    tries: dict[date, tuple[int, int]] = {}
    for attempt, day in zip(seen.attempts, _days(seen.attempts, now.date()), strict=True):
        good, bad = tries.get(day, (0, 0))
        passed = attempt.verdict is Verdict.PASSED
        tries[day] = (good + passed, bad + (not passed))
        if passed:
            known.add(attempt.kata)
            solved[day] = len(known)
    lines = [
        plots.over_time(list(solved.items()), tries, size) for size in (plots.WIDE, plots.NARROW)
    ]
    note = "Below, the answers graded on each day: green where they passed."
    return _section("Progress", _both(*lines), note)


def _days(attempts: Sequence[Attempt], today: date) -> Iterator[date]:
    """Yield the day of each attempt; one whose clock was wrong counts to the day before it."""
    days = [day_of(attempt.at) for attempt in attempts]
    last = next((day for day in days if EARLIEST <= day <= today), today)
    for day in days:
        last = day if last <= day <= today else last
        yield last


# --- the last failing attempt ---------------------------------------------------------------------


def _last_failure(
    record: Progress, seen: Overview, shown: Sequence[Picture], language: Language
) -> str:
    attempt = last_failing(record, seen)
    if attempt is None:
        return ""
    entry = next(entry for entry in seen.entries if entry.id == attempt.kata)
    said = words(entry, language)
    failures = record.failures(attempt.id)
    score = f"{attempt.passed} of {attempt.total} cases passed" if attempt.total else ""
    head = ", ".join(filter(None, (str(attempt.verdict), score, f"{day_of(attempt.at):%Y-%m-%d}")))
    later = " It was solved after that." if _is_solved_after(seen, attempt) else ""
    out = [f'<p class="kata"><b>{escape(entry.id)}</b> – {escape(head)}.{later}</p>']
    first = next((f for f in failures if f.why), failures[0] if failures else None)
    if first is not None:
        out.append(_failure(first, said.why(first.why)))
    if shown:
        out += [f"<h3>{escape(shown[0].title)}</h3>", _picture(shown[0])]
    if rest := "".join(map(_picture, shown[1:])):
        more = count(len(shown) - 1, "more array")
        out.append(f"<details><summary>{more} of this case</summary>{rest}</details>")
    return _section("Where the last failing answer differs", "".join(out))


def _is_solved_after(seen: Overview, attempt: Attempt) -> bool:
    later = (other for other in seen.attempts if other.id > attempt.id)
    return any(o.kata == attempt.kata and o.verdict is Verdict.PASSED for o in later)


def _failure(failed: Failed, why: str) -> str:
    title = f"{escape(failed.title)}: " if failed.title else ""
    out = f"<p>{title}{code(failed.summary)}</p>"
    if why:
        out += f'<blockquote class="why">This looks like: {code(why)}</blockquote>'
    elif failed.details:
        out += f"<pre>{escape(chr(10).join(failed.details))}</pre>"
    return out


def _picture(picture: Picture) -> str:
    finite = [abs(v) for m in (picture.expected, picture.got) for v in _finite(m)]
    largest = max(finite, default=0.0)
    wrong = picture.wrong
    sparse = wrong is not None and 0 < wrong.sum() <= wrong.size / 2
    marked = wrong if sparse else None
    panels = [
        ("expected", plots.heat_map(picture.expected.values, largest, None, "expected values")),
        ("yours", plots.heat_map(picture.got.values, largest, marked, "your values")),
    ]
    if wrong is not None:
        with np.errstate(invalid="ignore"):
            difference = picture.got.values - picture.expected.values
        # Two equal infinities, or two NaN, are no difference.
        difference = np.where(wrong, difference, 0.0)
        scale = max((abs(v) for v in difference.flat if abs(v) < float("inf")), default=0.0)
        drawn = plots.heat_map(difference, scale, None, "yours less expected")
        panels.append(("difference, on a scale of its own", drawn))
    figures = "".join(
        f"<figure>{svg}<figcaption>{name}</figcaption></figure>" for name, svg in panels
    )
    return f'<p class="note">{_caption(picture)}</p><div class="panels">{figures}</div>'


def _finite(matrix: Matrix) -> Iterator[float]:
    return (float(v) for v in matrix.values.flat if abs(v) < float("inf"))


def _caption(picture: Picture) -> str:
    ours, theirs = (f"({', '.join(map(str, shape))})" for shape in picture.shapes)
    parts = [f"<code>{escape(picture.place)}</code> with {escape(picture.sizes)}"]
    if picture.wrong is None:
        parts.append(f"its shape is {theirs}, expected {ours}")
    else:
        parts.append(f"{picture.n_wrong} of {count(picture.total, 'value')} differ")
    if picture.at:
        parts.append(f"shown: {escape(picture.at)}")
    matrix = picture.expected
    if any(matrix.first):
        parts.append(f"from row {matrix.first[0]}, column {matrix.first[1]}")
    if matrix.rows:
        parts.append(f"rows {escape(matrix.rows)}, columns {escape(matrix.columns)}")
    return "; ".join(parts) + "."


# --- mistakes, topics, times ----------------------------------------------------------------------


def _weaknesses(found: Sequence[Weakness], entries: Sequence[Entry], language: Language) -> str:
    if not found:
        return ""
    by_id = {entry.id: entry for entry in entries}
    items = []
    for weakness in found:
        entry = by_id[weakness.kata]
        mended = " · solved since" if weakness.mended else ""
        why = code(words(entry, language).why(weakness.why))
        items.append(
            f'<li class="{"mended" if weakness.mended else "open"}"><b>{weakness.attempts}×</b>'
            f"<div><strong>{escape(entry.id)}</strong><span>{mended}</span><p>{why}</p></div></li>"
        )
    return _section("Recurring mistakes", f'<ul class="mistakes">{"".join(items)}</ul>')


def _map(seen: Overview) -> str:
    states = _states(seen)
    topics: dict[str, list[Entry]] = {}
    for entry in seen.entries:
        topics.setdefault(entry.topic, []).append(entry)
    kinds: tuple[State, ...] = ("solved", "due", "tried", "new")
    legend = "".join(
        f'<span><svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">'
        f'<circle class="{kind}" cx="6" cy="6" r="4.5"/></svg>'
        f"{'not started' if kind == 'new' else 'due again' if kind == 'due' else kind}</span>"
        for kind in kinds
    )
    drawn = _both(topic_map(topics, states, 5), topic_map(topics, states, 2))
    return _section("Topics", f'<p class="legend">{legend}</p>{drawn}', "A dot is a kata.")


def _states(seen: Overview) -> dict[str, State]:
    due = {item.entry.id for item in seen.due}
    tried = {attempt.kata for attempt in seen.attempts}
    return {
        e.id: (
            "due"
            if e.id in due
            else "solved" if e.id in seen.solved else "tried" if e.id in tried else "new"
        )
        for e in seen.entries
    }


def _times(record: Progress, seen: Overview) -> str:
    by_id = {entry.id: entry for entry in seen.entries}
    rows: dict[str, tuple[str, float, float]] = {}
    for sitting in record.sittings():
        entry = by_id.get(sitting.kata)
        if entry is not None and sitting.passed_at is not None:
            first = [a for a in seen.attempts if a.sitting == sitting.id]
            spent = next((a.spent for a in first if a.verdict is Verdict.PASSED), sitting.spent)
            rows.pop(entry.id, None)  # The latest comes last.
            rows[entry.id] = (entry.name, spent / 60, float(entry.meta.minutes))
    timed = [row for row in rows.values() if row[1] >= 0.1][-BARS:]
    if not timed:
        return ""
    drawn = _both(*(plots.times(timed, size) for size in (plots.WIDE, plots.NARROW)))
    note = "Minutes until a kata was solved, the last time; the upright line is its own number."
    return _section("Time", drawn, note)


def _katas(record: Progress, seen: Overview, language: Language) -> str:
    latest = record.latest()
    states = _states(seen)
    parts = []
    for topic in seen.topics:
        rows = []
        for entry in (e for e in seen.entries if e.topic == topic.name):
            attempt = latest.get(entry.id)
            when = f"{day_of(attempt.at):%Y-%m-%d}" if attempt else ""
            score = f"{attempt.passed}/{attempt.total}" if attempt else ""
            state = states[entry.id]
            label = {"new": "", "due": "due"}.get(state, state)
            rows.append(
                f'<tr class="{state}"><td>{escape(entry.name)}'
                f"<small>{escape(words(entry, language).title)}</small></td><td>{label}</td>"
                f"<td>{score}</td><td>{when}</td></tr>"
            )
        parts.append(
            f"<details{' open' if topic.solved + topic.tried else ''}>"
            f"<summary>{escape(topic.name.replace('_', ' '))} "
            f"<span>{topic.solved} of {topic.total}</span></summary>"
            f"<table>{''.join(rows)}</table></details>"
        )
    return _section("Katas", "".join(parts))
