"""Grade a learner's file: run it, compare, and find the words for what is wrong."""

from __future__ import annotations

import builtins
import difflib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from msgspec import structs

from dojo import budget, syntax
from dojo.compare import compare
from dojo.engine import Engine, Run, Silence
from dojo.explain import explain
from dojo.likeness import Known
from dojo.meter import TENSOR_COUNTS
from dojo.mistakes import MistakeError
from dojo.provided import WORDS
from dojo.reference import Expected, Key, Outcome, Record, References, UnsoundKata, outcomes
from dojo.refusal import REFUSED, refusable
from dojo.rules import ANY, Use, scan
from dojo.stubs import StubError
from dojo.suite import CaseSpec, Entry, GraderError
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.wire import Failure, Observed
from dojo.workspace import is_pristine

__all__ = ["Grader", "Judge", "differs"]

MAX_SOURCE: Final = 2**20
MEMORY_WORDS: Final = ("can't allocate memory", "not enough memory", "bad_alloc")
DEVICE_WORDS: Final = ("the expected device", "on the same device", "two devices")
MEMORY_KINDS: Final = ("MemoryError", "OutOfMemoryError")


class Grader:
    """Grades files of a suite's katas with one engine; safe to use from several threads."""

    def __init__(self, engine: Engine, cache: Path, salt: str = "") -> None:
        self._engine = engine
        self.references = References(engine, cache)
        self._salt = salt
        self._known: dict[str, Known] = {}

    def grade(self, entry: Entry, path: Path | None = None) -> KataResult:
        """Grade the file at `path`, or the kata's own file."""
        start = time.monotonic()
        if path is None and is_pristine(entry):
            return KataResult(kata=entry.id, verdict=Verdict.NOT_STARTED)
        try:
            result = self._grade(Key.of(entry, self._salt), path or entry.stub)
        except (GraderError, MistakeError, StubError, UnsoundKata) as error:
            summary = "the kata itself is broken, not your answer: tell its author"
            details = (_one_line(str(error), 600), f"`nox -s audit -- {entry.id}` says more")
            return KataResult(
                kata=entry.id, verdict=Verdict.NO_ANSWER, summary=summary, details=details
            )
        return replace(result, seconds=time.monotonic() - start)

    def _grade(self, key: Key, path: Path) -> KataResult:
        text = _read(path)
        if isinstance(text, _Unreadable):
            return _whole(key, Verdict.NO_ANSWER, text.summary, text.details)
        return self.grade_text(key, text)

    def grade_text(self, key: Key, text: str, record: Record | None = None) -> KataResult:
        """Grade a source text."""
        record = record or self.references.record(key)
        filename, meta = f"{key.entry.name}.py", key.entry.meta
        names = [name for name in record.names if "." not in name]
        refused = tuple(name for name in refusable(key.forbidden) if name not in record.ran)
        job = structs.replace(
            key.job(text, filename, names=names),
            refused=refused,
            watch=tuple(name for name in key.forbidden if name not in refused),
        )
        wary = any(spec.budget for spec in key.specs)  # what a run costs can be forged as well
        counted = any(TENSOR_COUNTS & set(spec.budget) for spec in key.specs) and key.uses_torch
        uses = scan(
            text,
            meta.forbids,
            meta.allows,
            only=meta.only,
            wanted=names,
            wary=wary,
            uncounted=("numpy",) if counted else (),
        )
        brought = next((use for use in uses if use.kind == "foreign" and use.certain), None)
        if brought is not None:
            where = (f"{filename}:{brought.line}: {brought.how}",)
            summary = f"imports `{brought.name}` at line {brought.line}: {WORDS}"
            return _whole(key, Verdict.FORBIDDEN, summary, where)
        run = self._engine.run(job, record.limits, key.host, opens=record.opens)
        if run.broken is not None:
            if isinstance(run.broken, Failure) and REFUSED in run.broken.message:
                return self._roundabout(key, text, record, _not_loaded(key, run, text))
            return _not_loaded(key, run, text)
        missing = run.began.missing if run.began else ()
        if set(missing) == set(names):
            return _nothing_defined(key, run, names)
        answers = outcomes(run, len(key.specs))
        judge = Judge(key, record, text, run.began.found if run.began else ())
        cases = judge.judge_all(answers)
        odd = tuple(budget.doubts(key.specs, record.cases, answers))
        cases = self.diagnose(key, cases, answers)
        result = KataResult(
            kata=key.entry.id,
            verdict=_overall(cases, answers),
            cases=cases,
            printed=_printable(run.printed),
        )
        result = self._apply_rules(key, text, record, answers, result, uses)
        return replace(result, doubts=(*result.doubts, *odd))

    def _apply_rules(
        self,
        key: Key,
        text: str,
        record: Record,
        answers: Sequence[Outcome],
        result: KataResult,
        uses: Sequence[Use],
    ) -> KataResult:
        """Turn a result into a forbidden one if the code reads or runs as what is not allowed.

        Most of what is forbidden was taken away before the code was loaded, and raises. The rest is
        judged by the child's own recording. The reading comes first: it finds the best words.
        """
        meta = key.entry.meta
        if result.verdict is Verdict.NOT_STARTED:
            return result
        sure = [use for use in uses if use.certain]
        if sure:
            details = tuple(f"{key.entry.name}.py:{use.line}: {use.how}" for use in sure[:5])
            summary = f"uses `{sure[0].path or sure[0].name}` at line {sure[0].line}"
            allowed = ", ".join(f"`{name}`" for name in meta.only)
            same = f"which does the same as `{sure[0].name}`" if sure[0].path else ""
            asked = "which this kata asks you to write"
            why = f"where only {allowed} may be" if allowed else same or asked
            return _forbidden(result, f"{summary}, {why}", details)
        if any(map(_was_refused, answers)) or _betrayed(record, answers, key.forbidden):
            return self._roundabout(key, text, record, result)
        doubts = [f"line {use.line}: {use.how}" for use in uses]
        if not all(a.observed.recorded for a in answers if a.observed):
            doubts.append("the recording of what runs was tampered with")
        return replace(result, doubts=tuple(doubts))

    def _roundabout(self, key: Key, text: str, record: Record, result: KataResult) -> KataResult:
        """Forbid an answer whose text does not say what it reaches: run it again to find out where.

        This time nothing is taken away and everything is recorded.
        """
        names = key.forbidden
        job = structs.replace(key.job(text, f"{key.entry.name}.py"), lines=True)
        limits = [limit * 4 for limit in record.limits]
        run = self._engine.run(job, limits, key.host, opens=record.opens)
        betrayed = _betrayed(record, outcomes(run, len(key.specs)), names)
        if not betrayed:
            summary = "reaches what this kata asks you to write, in a roundabout way"
            return _forbidden(result, summary, (REFUSED,))
        first = next(iter(betrayed))
        line = next((n for n in betrayed.values() if n), 0)
        where = f" at line {line}" if line else ""
        summary = f"reaches `{names[first]}`{where} in a roundabout way"
        return _forbidden(result, summary, (f"what runs underneath is {first}",))

    def known(self, key: Key) -> Known:
        """Return the kata's mistakes, arranged for comparing answers with them."""
        digest = key.digest()
        if digest not in self._known:
            cases = self.references.record(key).cases
            self._known[digest] = Known(key.specs, cases, self.references.mistakes(key), differs)
        return self._known[digest]

    def diagnose(
        self, key: Key, cases: tuple[CaseResult, ...], answers: Sequence[Outcome]
    ) -> tuple[CaseResult, ...]:
        """Add to each failed case the mistake that it looks like, preferring one for all."""
        failed = [i for i, case in enumerate(cases) if case.verdict is not Verdict.PASSED]
        if not failed or all(_unwritten(answers[i]) for i in failed):
            return cases
        known = self.known(key)
        agreement = []
        for (mistake, theirs), alike, wrong in zip(
            known.mistakes, known.alike(answers), known.differing, strict=True
        ):
            telling = [i for i in failed if alike[i] and wrong[i]]
            far = sum(map(budget.distance, answers, theirs))
            agreement.append((sum(alike), far, mistake, telling))
        agreement.sort(key=lambda item: (-item[0], item[1]))
        found = list(cases)
        for i in failed:
            likely = next((m for _, _, m, telling in agreement if i in telling), None)
            if likely is not None:
                found[i] = replace(found[i], why=likely.why)
        return tuple(found)


def _was_refused(answer: Outcome) -> bool:
    failure = answer.observed.failure if answer.observed else None
    return failure is not None and REFUSED in failure.message


def _betrayed(record: Record, answers: Sequence[Outcome], names: dict[str, str]) -> dict[str, int]:
    """Return the forbidden names that ran, with their lines, less what the solution ran too."""
    found: dict[str, int] = {}
    for expected, answer in zip(record.cases, answers, strict=True):
        ours = expected.outcome.observed
        allowed = {name for name, _ in ours.ran} if ours else set()
        none_needed = ANY in names and ours is not None and not ours.operators
        if none_needed and answer.observed and answer.observed.operators:
            found[ANY] = 0
        for name, line in answer.observed.ran if answer.observed else ():
            if name in names and name not in allowed:
                found[name] = found.get(name) or max(line, 0)
    return found


def _forbidden(result: KataResult, summary: str, details: tuple[str, ...]) -> KataResult:
    verdict = Verdict.FORBIDDEN
    cases = tuple(
        CaseResult(case=case.case, title=case.title, verdict=verdict, summary=summary)
        for case in result.cases
    )
    return replace(result, verdict=verdict, cases=cases, summary=summary, details=details)


def differs(spec: CaseSpec, expected: Expected, answer: Outcome) -> bool:
    """Whether an answer fails a case."""
    return Judge(brief=True).judge(spec, expected, answer).verdict is not Verdict.PASSED


@dataclass(frozen=True)
class Judge:
    """Decides single cases; with a kata and a learner's text it can point into the file."""

    key: Key | None = None
    record: Record | None = None
    text: str = ""
    found: tuple[str, ...] = ()
    brief: bool = False
    """Whether the verdict is all that is asked for: no words for wrong values."""

    def judge_all(self, answers: Sequence[Outcome]) -> tuple[CaseResult, ...]:
        """Decide every case of the kata."""
        assert self.key is not None and self.record is not None
        triples = zip(self.key.specs, self.record.cases, answers, strict=True)
        return tuple(self.judge(*triple) for triple in triples)

    def judge(self, spec: CaseSpec, expected: Expected, answer: Outcome) -> CaseResult:
        """Decide one case."""
        verdict, summary, details = self._decide(spec, expected, answer)
        return CaseResult(
            case=spec.id,
            title=spec.title,
            verdict=verdict,
            summary=summary,
            details=details,
            seconds=answer.seconds,
        )

    def _decide(
        self, spec: CaseSpec, expected: Expected, answer: Outcome
    ) -> tuple[Verdict, str, tuple[str, ...]]:
        if answer.observed is None:
            return _fell_silent(answer.silence)
        failure = answer.observed.failure
        names = _compare_weights(expected.outcome.observed, answer.observed)
        if names and (failure is None or not failure.steps):
            return Verdict.WRONG, *names
        if _is_meta(expected) and failure is not None and not self._raises_itself(failure):
            return self._on_meta(failure)
        if failure is not None:
            if spec.raises is None or spec.raises not in failure.kinds:
                return self._raised(spec, failure)
        elif spec.raises is not None:
            return Verdict.WRONG, f"raises nothing where {spec.raises} is due", ()
        return self._compare_values(spec, expected, answer, answer.observed)

    def _compare_values(
        self, spec: CaseSpec, expected: Expected, answer: Outcome, observed: Observed
    ) -> tuple[Verdict, str, tuple[str, ...]]:
        right = expected.outcome.observed
        assert right is not None
        mismatches = compare(right.value, observed.value, expected.nudged)
        wrote: tuple[str, ...] = ()
        if observed.modified:
            names = _one_line(", ".join(observed.modified), 80)
            wrote = (f"written into: {names}",)
        if len(answer.hosted) != len(expected.outcome.hosted):
            return Verdict.WRONG, "does not use what it is given", ()
        for (_, ours), (name, theirs) in zip(expected.outcome.hosted, answer.hosted, strict=True):
            ours, theirs = (budget.unbudgeted(log, spec.budget) for log in (ours, theirs))
            mismatches += compare(ours, theirs, path=f"{name} saw")
        if mismatches and self.brief:
            return Verdict.WRONG, "", ()
        if mismatches:
            finding = explain(mismatches, spec.sizes, right.masks)
            return Verdict.WRONG, finding.summary, (*finding.details, *wrote)
        if wrote:
            return Verdict.WRONG, "writes into its input: work on a copy", wrote
        if budget.uncounted(spec, answer):
            hint = "memory is counted in PyTorch: keep to it where a case measures"
            return Verdict.NO_ANSWER, "what it costs could not be counted", (hint,)
        over = budget.excesses(spec, expected, answer)
        if over:
            memory = all(found.is_memory for found in over)
            verdict = Verdict.TOO_MUCH_MEMORY if memory else Verdict.TOO_SLOW
            return verdict, budget.words(over), tuple(found.detail for found in over)
        return Verdict.PASSED, "", ()

    def _on_meta(self, failure: Failure) -> tuple[Verdict, str, tuple[str, ...]]:
        """Judge an exception over tensors without values, which much right code cannot take."""
        if any(words in failure.message for words in DEVICE_WORDS):
            summary = "makes a tensor on another device than its input's"
            return Verdict.WRONG, summary, self._trace(failure)
        return Verdict.PASSED, "", ()

    def _raises_itself(self, failure: Failure) -> bool:
        """Whether the learner's own code raises, on purpose, and not what it calls."""
        lines = self.text.splitlines()
        last = failure.steps[-1].line if failure.steps else 0
        return 0 < last <= len(lines) and lines[last - 1].lstrip().startswith("raise")

    def _raised(self, spec: CaseSpec, failure: Failure) -> tuple[Verdict, str, tuple[str, ...]]:
        kind = failure.kinds[0]
        details = self._trace(failure)
        if kind == "NotDefined":
            name = failure.message
            known = self.record is not None and name in self.record.names
            what = f"`{name}`" if known else "a name"
            return Verdict.RAISED, f"{what} is not defined", _found(name, self.found)
        if kind == "NotImplementedError" and failure.steps:
            function = failure.steps[-1].function.removesuffix(".__init__")
            known = self.record is not None and function in self.record.names
            what = f"`{function}`" if known else "something"
            return Verdict.RAISED, f"{what} is still to be written", details
        if _ran_out_of_memory(failure):
            return Verdict.TOO_MUCH_MEMORY, "asks for more memory than there is", details
        due = f", where {spec.raises} is due" if spec.raises else ""
        summary = f"raises {_known_kind(failure)}{_where(failure, self.text)}{due}"
        if kind == "TypeError" and not failure.steps and self.record is not None:
            signatures = [f"expected: {text}" for text in self.record.names.values()]
            details = (*details, *signatures)
        return Verdict.RAISED, summary, details

    def _trace(self, failure: Failure) -> tuple[str, ...]:
        """Return message and the way through the learner's file, without the engine's frames."""
        name = f"{self.key.entry.name}.py" if self.key else ""
        lines = [f"{_word(failure.kinds[0])}: {_one_line(failure.message)}"]
        if failure.kinds[0] == "ModuleNotFoundError":
            lines.append(f"{WORDS}, and no other library")
        source = self.text.splitlines()
        for step in failure.steps:
            code = source[step.line - 1].strip() if 0 < step.line <= len(source) else ""
            lines.append(
                f"{name}:{step.line} in {_one_line(step.function, 80)}: {_one_line(code, 100)}"
            )
        return tuple(lines)


def _is_meta(expected: Expected) -> bool:
    """Whether a case has inputs without values; the solution's run says so, not the answer's."""
    return expected.outcome.observed is not None and expected.outcome.observed.meta


def _compare_weights(
    right: Observed | None, observed: Observed
) -> tuple[str, tuple[str, ...]] | None:
    """Compare names and shapes of parameters; None if they are as they should be."""
    if right is None or sorted(right.weights) == sorted(observed.weights):
        return None
    ours, theirs = dict(right.weights), dict(observed.weights)
    if not theirs and ours and observed.failure is not None:
        return None  # it did not get as far as its parameters
    listed = ", ".join(f"`{name}` {shape}" for name, shape in theirs.items())
    yours = _one_line(f"yours: {listed or 'none'}", 400)
    for name, shape in ours.items():
        if name not in theirs:
            near = difflib.get_close_matches(name, theirs.keys() - ours.keys(), 1)
            hint = (f"did you mean `{near[0]}` to be it?",) if near else ()
            return f"there is no parameter `{name}`", (yours, *map(_one_line, hint))
        if theirs[name] != shape:
            return f"`{name}` has shape {theirs[name]}, expected {shape}", ()
    extra = [name for name in theirs if name not in ours]
    if extra:
        return "there are parameters that nobody asked for", (yours,)
    return None


def _fell_silent(silence: str) -> tuple[Verdict, str, tuple[str, ...]]:
    why, _, detail = silence.partition(": ")
    if why == "too slow":
        return Verdict.TOO_SLOW, f"no answer within {detail}", ()
    if why == "not run":
        return Verdict.NO_ANSWER, f"not run, because {detail}", ()
    if why == "malformed":
        return Verdict.NO_ANSWER, "something that is no answer came back", (detail,)
    return Verdict.NO_ANSWER, f"the process {detail or 'stopped'} before it answered", ()


def _unwritten(answer: Outcome) -> bool:
    observed = answer.observed
    return bool(
        observed and observed.failure and observed.failure.kinds[0] == "NotImplementedError"
    )


def _overall(cases: Sequence[CaseResult], answers: Sequence[Outcome]) -> Verdict:
    if all(_unwritten(answer) for answer in answers):
        return Verdict.NOT_STARTED
    return next((c.verdict for c in cases if c.verdict is not Verdict.PASSED), Verdict.PASSED)


@dataclass(frozen=True)
class _Unreadable:
    summary: str
    details: tuple[str, ...] = ()


def _read(path: Path) -> str | _Unreadable:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _Unreadable("the file is gone", ("`dojo reset` brings the stub back",))
    except OSError as error:
        return _Unreadable("the file cannot be read", (str(error.strerror),))
    if len(data) > MAX_SOURCE:
        return _Unreadable(f"the file is larger than {MAX_SOURCE // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return _Unreadable(
            f"the file is not UTF-8: line {line} has the byte 0x{data[error.start]:02x}",
            ("save it as UTF-8",),
        )
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return _Unreadable(f"the file holds a NUL character in line {line}", ("delete it",))
    if not text.strip():
        return _Unreadable("the file is empty", ("`dojo reset` brings the stub back",))
    return text


def _whole(
    key: Key, verdict: Verdict, summary: str, details: tuple[str, ...] = (), printed: str = ""
) -> KataResult:
    """Return a result for a file whose cases could not run: each fails for the same reason."""
    cases = tuple(
        CaseResult(case=spec.id, title=spec.title, verdict=verdict, summary=summary)
        for spec in key.specs
    )
    return KataResult(
        kata=key.entry.id,
        verdict=verdict,
        cases=cases,
        summary=summary,
        details=details,
        printed=_printable(printed),
    )


def _not_loaded(key: Key, run: Run, text: str) -> KataResult:
    """Say why a file could not be loaded."""
    broken = run.broken
    if isinstance(broken, Silence):
        verdict, summary, details = _fell_silent(f"{broken.why}: {broken.detail}")
        return _whole(key, verdict, f"while loading the file: {summary}", details, run.printed)
    assert broken is not None
    lines = text.splitlines()
    if broken.caret is not None:
        number, column = broken.caret
        code = lines[number - 1] if 0 < number <= len(lines) else ""
        place = (f"{key.entry.name}.py:{number}", *_pointed_at(code, column))
        return _whole(key, Verdict.RAISED, _complaint(text), place, run.printed)
    trace = Judge(key, None, text, ())._trace(broken)
    if _ran_out_of_memory(broken):
        summary = "asks for more memory than there is while it is loaded"
        return _whole(key, Verdict.TOO_MUCH_MEMORY, summary, trace, run.printed)
    summary = f"raises {_known_kind(broken)}{_where(broken, text)} while it is loaded"
    return _whole(key, Verdict.RAISED, summary, trace, run.printed)


def _pointed_at(code: str, column: int) -> tuple[str, str]:
    """Return a line of code, or what of it is around a column, and a mark below that column."""
    column = min(column, len(code) + 1)  # the child may say anything
    start = max(0, column - 1 - 60)
    shown = "".join(c if c.isprintable() else " " for c in code[start : start + 100])
    before, after = ("…" if start else ""), ("…" if len(code) > start + 100 else "")
    mark = " " * (len(before) + column - 1 - start) + "^"
    return f"  {before}{shown}{after}", f"  {mark}"


def _complaint(text: str) -> str:
    """Say what Python says of a text when this process reads it: a child may say anything."""
    try:
        syntax.parse(text)
    except SyntaxError as error:
        return f"does not parse: {_one_line(error.msg)}, line {error.lineno or 1}"
    except (ValueError, MemoryError, RecursionError):
        pass
    return "does not compile"


def _ran_out_of_memory(failure: Failure) -> bool:
    """Whether an error says so; torch and C++ have words of their own for it."""
    said = any(word in failure.message for word in MEMORY_WORDS)
    return said or failure.kinds[0] in MEMORY_KINDS


def _where(failure: Failure, text: str) -> str:
    """Name the line that a failure comes from, if the file has it."""
    line = failure.steps[-1].line if failure.steps else 0
    return f" at line {line}" if 0 < line <= text.count("\n") + 1 else ""


def _nothing_defined(key: Key, run: Run, names: Sequence[str]) -> KataResult:
    found = run.began.found if run.began else ()
    summary = f"`{names[0]}` is not defined"
    return _whole(key, Verdict.NO_ANSWER, summary, _found(names[0], found), run.printed)


def _found(name: str, found: Sequence[str]) -> tuple[str, ...]:
    """List what a file defines in place of a name, and what may be meant."""
    if not found:
        return ("the file defines no function and no class",)
    listed = f"found: {', '.join(f'`{_word(other)}`' for other in found[:8])}"
    near = difflib.get_close_matches(name, found, 1, cutoff=0.4)
    return (listed, f"did you mean `{_word(near[0])}` to be it?") if near else (listed,)


def _word(text: str) -> str:
    """Return a name that the learner controls, as a name."""
    return re.sub(r"\W", "", text)[:60] or "an exception"


def _known_kind(failure: Failure) -> str:
    """Return the nearest of an exception's classes that is Python's own, not the learner's."""
    return next((kind for kind in failure.kinds if hasattr(builtins, kind)), "an exception")


def _one_line(text: str, length: int = 300) -> str:
    """Return untrusted text as one short printable line."""
    flat = " ".join(_printable(text).split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def _printable(text: str) -> str:
    """Drop everything that could steer a terminal or hide text from a reader."""
    kept = (c for c in text if c in "\n\t" or c.isprintable())
    return "".join(kept)
