"""The laws that every kata keeps. Each returns what breaks it, with the next step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import black  # noqa: F401  (its first import must not happen in two threads at once)
import numpy as np
from msgspec.structs import replace

from dojo import budget, wire
from dojo.compare import TOLERANCES, Kind, compare, floats
from dojo.engine import Engine
from dojo.grade import Grader, Judge, differs
from dojo.grader_file import parse
from dojo.meter import COUNTS
from dojo.mistakes import MistakeError, find_mistakes, reference
from dojo.places import faults_in
from dojo.provided import is_provided, is_standard
from dojo.reference import Expected, Key, Outcome, Record, References, UnsoundKata, outcomes
from dojo.rules import scan
from dojo.stubs import StubError, derive, rules
from dojo.suite import CaseSpec, Entry, GraderError, Suite
from dojo.translations import LANGUAGES, TranslationError, faults
from dojo.translations import strays as stray_translations
from dojo.variants import VARIANTS
from dojo.verdict import Verdict
from dojo.wire import Failure
from dojo.workspace import read_sums

__all__ = ["LAWS", "SALTS", "Audit", "Violation", "audit_kata", "audit_suite"]

SALTS: Final = tuple(f"audit {n}" for n in range(1, 10))
"""Together with the plain inputs, the ten sets that a solution must pass."""

WOBBLE: Final = 1e-2
"""How much of its own magnitude a rounding error may move a result."""

EXAMPLES: Final = """
import doctest, io, sys
def examples(kata, draw):
    out = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(sys.modules["answer"], "answer"):
        runner.run(test, out=out.write)
    return {"attempted": runner.tries, "text": out.getvalue()[-1500:]}
"""

NAMES: Final = """
import importlib
def names(kata, draw, wanted):
    missing = []
    for name in wanted:
        parts = name.split(".")
        found = importlib.import_module(parts[0])
        for i, part in enumerate(parts[1:], 1):
            try:
                found = getattr(found, part)
            except AttributeError:
                try:
                    found = importlib.import_module(".".join(parts[: i + 1]))
                except ImportError:
                    missing.append(name)
                    break
    return missing
"""


@dataclass(frozen=True)
class Violation:
    """A broken law, where, and what to do."""

    kata: str
    law: str
    message: str

    def __str__(self) -> str:
        return f"{self.kata}: {self.law}\n  {self.message}"


@dataclass
class Audit:
    """One kata under audit, with everything that several laws look at."""

    entry: Entry
    engine: Engine
    grader: Grader = field(init=False)

    def __post_init__(self) -> None:
        self.grader = Grader(self.engine, self.entry.root / ".dojo" / "expected")

    @cached_property
    def sets(self) -> tuple[tuple[Key, Record], ...]:
        """The kata with ten sets of inputs, and what the solution does with each."""
        salted = [Key.of(self.entry, salt) for salt in SALTS]
        records = (self.record, *self.references.bare(salted))
        return tuple(zip((self.key, *salted), records, strict=True))

    @property
    def references(self) -> References:
        """What solution and mistakes observe."""
        return self.grader.references

    @cached_property
    def key(self) -> Key:
        """The kata with the inputs that learners get."""
        return Key.of(self.entry)

    @cached_property
    def record(self) -> Record:
        """What the solution does."""
        return self.references.record(self.key)

    @cached_property
    def stub(self) -> str:
        """What the stub has to be."""
        with faults_in(self.entry.solution):
            return derive(self.key.solution, rules(self.entry.meta))

    def triples(self, answers: tuple[Outcome, ...]) -> Iterator[tuple[CaseSpec, Expected, Outcome]]:
        """Pair every case with its expectation and an answer."""
        return zip(self.key.specs, self.record.cases, answers, strict=True)

    def probe(self, function: str, cases: str, sizes: dict[str, object]) -> object:
        """Run a function of ours in a child, beside the solution."""
        node = wire.encode(sizes)
        assert isinstance(node, wire.Dict)
        source = reference(self.key.solution)
        job = wire.Job(source, f"{self.entry.name}.py", cases, (("0", function, node),))
        ended = outcomes(self.engine.run(job, [60.0]), 1)[0].observed
        if ended is None or ended.failure is not None:
            raise UnsoundKata(f"{self.entry.id}: `{function}` could not be checked: {ended}")
        return wire.decode(ended.value)


def files_can_be_read(audit: Audit) -> Iterator[str]:
    """Solution and grader can be read"""
    entry = audit.entry
    try:
        parse(entry.solution)
        _ = entry.meta, entry.cases, entry.statement
        with faults_in(entry.solution):
            find_mistakes(entry.solution.read_text(encoding="utf-8"))
    except (GraderError, MistakeError) as error:
        yield str(error)


def stub_is_current(audit: Audit) -> Iterator[str]:
    """The stub is what the solution derives to"""
    entry = audit.entry
    stub = audit.stub.encode()
    if not entry.stub.exists():
        yield "there is no stub: run `nox -s stubs`"
    elif read_sums(entry.root).get(entry.id) != hashlib.sha256(stub).hexdigest():
        # The file itself may hold somebody's answer; that none is committed, CI checks.
        yield "the stub is not what the solution derives to: run `nox -s stubs`"


def stub_is_not_started(audit: Audit) -> Iterator[str]:
    """The stub counts as not started"""
    result = audit.grader.grade_text(audit.key, audit.stub)
    if result.verdict is not Verdict.NOT_STARTED:
        passing = [case.case for case in result.cases if case.verdict is Verdict.PASSED]
        yield (
            f"the bare stub is graded {result.verdict!s}"
            + (f", and passes {', '.join(passing)}" if passing else "")
            + ": everything that is asked for must raise NotImplementedError"
        )


def solution_passes(audit: Audit) -> Iterator[str]:
    """The solution passes every case, for ten sets of inputs"""
    source = reference(audit.key.solution)
    limits = [record.limits for _, record in audit.sets]
    answers = audit.references.observe_all([key for key, _ in audit.sets], source, limits)
    found = []
    for (key, record), theirs in zip(audit.sets, answers, strict=True):
        strict = replace(record, cases=tuple(map(_without_slack, record.cases)))
        for result in Judge(key, strict, source).judge_all(theirs):
            if result.verdict is not Verdict.PASSED:
                wrong = result.verdict is Verdict.WRONG  # in another way for each salt
                message = f"{result.case}{_with(key)}: {result.verdict}, {result.summary}: "
                message += "does it depend on anything but its inputs?"
                found.append(("" if wrong else result.summary, message))
    yield from _folded(found)


def _with(key: Key) -> str:
    return f" with salt {key.salt!r}" if key.salt else ""


def _folded(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the first message of every cause, and how many more there are."""
    causes: dict[str, list[str]] = {}
    for cause, message in found:
        causes.setdefault(cause, []).append(message)
    for first, *others in causes.values():
        yield first + (f" ({len(others)} more like it)" if others else "")


def _without_slack(expected: Expected) -> Expected:
    observed = expected.outcome.observed
    return replace(expected, nudged=observed.value if observed else None)


def chance_is_sampled(audit: Audit) -> Iterator[str]:
    """What hangs on chance is marked as samples"""
    sets = audit.sets[:4]  # of few values two draws may well be alike
    limits = [record.limits for _, record in sets]
    source = reference(audit.key.solution)
    answers = audit.references.observe_all([key for key, _ in sets], source, limits, luck=1)
    found = []
    for (key, record), theirs in zip(sets, answers, strict=True):
        for spec, expected, other in zip(key.specs, record.cases, theirs, strict=True):
            kinds = _moved_by_chance(spec, expected, other)
            where = f"{spec.id} (graders/{audit.entry.id}.py:{spec.line}){_with(key)}: "
            if kinds == {"distribution"}:
                message = "its samples are of another distribution with other random numbers: "
                message += "return draws that are independent of one another"
                found.append((f"{spec.function} distribution", where + message))
            elif kinds:
                message = "the result hangs on the random numbers that the answer draws: return "
                message += "samples(…), or right answers that draw otherwise are refused; if the "
                message += "statement says how to draw, hand over draw.rng(exact=True)"
                found.append((spec.function, where + message))
    yield from _folded(found)


def _moved_by_chance(spec: CaseSpec, expected: Expected, other: Outcome) -> set[Kind]:
    """Return in what ways a case's result is another one with other random numbers."""
    ours, theirs = expected.outcome.observed, other.observed
    if ours is None or theirs is None or (ours.failure is None) != (theirs.failure is None):
        return {"values"}
    kinds = {found.kind for found in compare(ours.value, theirs.value, expected.nudged)}
    for (_, seen), (_, there) in zip(expected.outcome.hosted, other.hosted, strict=False):
        one, another = (budget.unbudgeted(log, spec.budget) for log in (seen, there))
        kinds |= {found.kind for found in compare(one, another)}
    return kinds


def inputs_are_well_conditioned(audit: Audit) -> Iterator[str]:
    """A rounding error in the inputs hardly moves a result"""
    yield from _folded(_ill_conditioned(audit))


def _ill_conditioned(audit: Audit) -> Iterator[tuple[str, str]]:
    for key, record in audit.sets:
        for spec, expected in zip(key.specs, record.cases, strict=True):
            observed = expected.outcome.observed
            if observed is not None and observed.failure is None:
                moved = _wobble(observed.value, expected.nudged)
                if moved > WOBBLE:
                    yield (
                        spec.function,
                        f"{spec.id}{_with(key)} moves by {moved:.1%} of its magnitude: "
                        "choose inputs that do not amplify rounding, or right answers get refused",
                    )
            if unsteady := budget.is_unsteady(expected):
                yield (
                    f"{spec.function} {unsteady}",
                    f"{spec.id}{_with(key)}: the solution's {unsteady} hang on a rounding "
                    "error: choose inputs with which it does the same work",
                )


def _wobble(value: wire.Node, nudged: wire.Node) -> float:
    """Return the largest relative movement of any leaf whose precision promises more."""
    if isinstance(value, wire.Dict | wire.List | wire.Tuple):
        if type(nudged) is not type(value) or len(nudged.items) != len(value.items):
            return 1.0
        pairs = zip(value.items, nudged.items, strict=True)
        if isinstance(value, wire.Dict):
            return max((_wobble(a[1], b[1]) for a, b in pairs), default=0.0)  # type: ignore[index]
        return max((_wobble(a, b) for a, b in pairs), default=0.0)  # type: ignore[arg-type]
    ours, theirs = floats(value), floats(nudged)
    if ours is None or theirs is None or ours.shape != theirs.shape or not ours.size:
        return 0.0
    dtype = value.dtype if isinstance(value, wire.Array) else "float64"
    if dtype not in TOLERANCES or dtype in ("float16", "bfloat16"):
        return 0.0
    finite = abs(ours[abs(ours) < float("inf")])
    with np.errstate(invalid="ignore"):  # −∞ less −∞
        moved = abs(theirs - ours)
    moved = moved[abs(moved) < float("inf")]
    scale = finite.max(initial=0.0) or 1.0
    return float(moved.max(initial=0.0) / scale)


def mistakes_are_caught(audit: Audit) -> Iterator[str]:
    """Every declared mistake fails a case, and is recognised in one"""
    known = audit.grader.known(audit.key)
    for (mistake, answers), wrong in zip(known.mistakes, known.differing, strict=True):
        where = f"solutions/{audit.entry.id}.py:{mistake.line}"
        if not any(wrong):
            yield f"{where}: the mistake passes every case: add one that tells it from the solution"
            continue
        cases = Judge(audit.key, audit.record, mistake.source, brief=True).judge_all(answers)
        if mistake.why not in {c.why for c in audit.grader.diagnose(audit.key, cases, answers)}:
            yield (
                f"{where}: the mistake fails, but is taken for another one: "
                "merge the two, or add a case that tells them apart"
            )


def mistakes_do_not_only_crash(audit: Audit) -> Iterator[str]:
    """No mistake is a misspelt name"""
    known = audit.grader.known(audit.key)
    for (mistake, answers), wrong in zip(known.mistakes, known.differing, strict=True):
        failures = [
            answer.observed.failure if answer.observed else None
            for answer, differing in zip(answers, wrong, strict=True)
            if differing
        ]
        crashes = [f for f in failures if f is not None and _is_misspelt(f)]
        if crashes and len(crashes) == len(failures):
            yield (
                f"solutions/{audit.entry.id}.py:{mistake.line}: this wrong line only crashes "
                f"({crashes[0].kinds[0]}: {crashes[0].message[:200]}): write what people write"
            )


def _is_misspelt(failure: Failure) -> bool:
    of_module = "AttributeError" in failure.kinds and failure.message.startswith("module '")
    return "NameError" in failure.kinds or of_module


def cases_are_needed(audit: Audit) -> Iterator[str]:
    """Every case catches a mistake: a declared one or a built-in one"""
    specs = audit.key.specs
    differing = audit.grader.known(audit.key).differing
    caught = {spec.id for wrong in differing for spec, w in zip(specs, wrong, strict=True) if w}
    limits = audit.record.limits
    for variant in VARIANTS.values():
        if len(caught) == len(specs):
            break
        source = reference(audit.key.solution) + variant
        theirs = audit.references.observe(audit.key, source, limits)
        caught |= {triple[0].id for triple in audit.triples(theirs) if differs(*triple)}
    for spec in specs:
        if spec.id not in caught:
            yield (
                f"{spec.id} (graders/{audit.entry.id}.py:{spec.line}) catches no mistake: "
                "declare the mistake it is for, or delete it"
            )
    yield from _budgets_bite(audit)


def _budgets_bite(audit: Audit) -> Iterator[str]:
    answers = [theirs for _, theirs in audit.references.mistakes(audit.key)]
    for index, (spec, expected) in enumerate(zip(audit.key.specs, audit.record.cases, strict=True)):
        where = f"{spec.id} (graders/{audit.entry.id}.py:{spec.line})"
        nobodys = budget.unknown(spec, expected.outcome)
        for name in nobodys:
            counted = ", ".join(COUNTS)
            yield (
                f"{where}: nobody counts {name!r}: let a hosted object report it in `observed`, "
                f"or name one of {counted}"
            )
        over = {
            found.name
            for theirs in answers
            for found in budget.excesses(spec, expected, theirs[index])
        }
        for name in spec.budget:
            if name not in over and name not in nobodys:
                yield (
                    f"{where}: no mistake breaks the budget of {name}: "
                    "declare the one it is for, lower it, or delete it"
                )


def inputs_stay(audit: Audit) -> Iterator[str]:
    """The solution writes into no input"""
    for spec, expected in zip(audit.key.specs, audit.record.cases, strict=True):
        observed = expected.outcome.observed
        if observed is not None and observed.modified:
            yield f"{spec.id}: {', '.join(observed.modified)} is written into: draw it anew instead"


def examples_run(audit: Audit) -> Iterator[str]:
    """The statement has an example, and every example runs"""
    found = audit.probe("examples", EXAMPLES, {})
    assert isinstance(found, dict)
    if not found["attempted"]:
        yield "the statement has no `>>>` example: add one that shows a call and its result"
    if found["text"]:
        yield f"an example gives something else:\n{found['text']}"


def solution_keeps_its_rules(audit: Audit) -> Iterator[str]:
    """The solution itself does nothing that is forbidden"""
    meta = audit.entry.meta
    for use in scan(reference(audit.key.solution), meta.forbids, meta.allows, only=meta.only):
        if use.kind == "unlisted":
            yield f"the solution uses {use.name}: list it in only="
        elif use.certain:
            yield f"the solution uses {use.name}: forbid it no longer, or list it in allows="
    names = audit.key.forbidden
    yield from _folded(
        (
            name,
            f"{spec.id} runs {name}, by which {names[name]} is recognised: "
            "do it another way, or list it in allows=",
        )
        for spec, expected in zip(audit.key.specs, audit.record.cases, strict=True)
        for name, _ in (expected.outcome.observed.ran if expected.outcome.observed else ())
    )


def oracle_exists(audit: Audit) -> Iterator[str]:
    """A test compares the solution with an oracle"""
    entry = audit.entry
    path = _oracle(entry)
    if not path.exists():
        name = path.relative_to(entry.root)
        yield f"write {name}: the solution against code that nobody here wrote"


def _oracle(entry: Entry) -> Path:
    return entry.root / "tests" / "oracles" / entry.topic / f"test_{entry.name}.py"


def mistakes_are_many(audit: Audit) -> Iterator[str]:
    """There is at least one mistake and nothing is left to do"""
    if not find_mistakes(audit.key.solution):
        yield "no `# ✗` line: write down how people get it wrong"
    for path in (audit.entry.solution, audit.entry.grader, _oracle(audit.entry)):
        if not path.exists():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if "TODO" in line:
                place = f"{path.relative_to(audit.entry.root)}:{number}"
                yield f"{place} is still to do: {line.strip()[:80]}"


def names_exist(audit: Audit) -> Iterator[str]:
    """What a kata needs or forbids exists"""
    meta = audit.entry.meta
    known = Suite(audit.entry.root).ids
    for need in meta.needs:
        if need not in known:
            yield f"needs={need!r}: there is no such kata"
    for former in meta.was:
        if former in known:
            yield f"was={former!r}: there is a kata of that id, so leave it out"
    wanted = []
    for name in (*meta.forbids, *meta.only):
        if is_standard(name) or is_provided(name):
            wanted.append(name)
        else:
            yield f"{name!r} is forbidden: no answer can import that library, so leave it out"
    missing = audit.probe("names", NAMES, {"wanted": tuple(wanted)}) if wanted else []
    assert isinstance(missing, list)
    for name in missing:
        word = "only" if name in meta.only else "forbids"
        yield f"{word}={name!r}: there is no such name in the installed version"


def translations_are_current(audit: Audit) -> Iterator[str]:
    """A translation translates what is there"""
    for language in LANGUAGES:
        try:
            yield from faults(audit.entry, language)
        except TranslationError as error:
            yield str(error)


LAWS: Final = (
    mistakes_are_many,
    solution_passes,
    chance_is_sampled,
    inputs_are_well_conditioned,
    inputs_stay,
    examples_run,
    stub_is_current,
    stub_is_not_started,
    mistakes_are_caught,
    mistakes_do_not_only_crash,
    cases_are_needed,
    names_exist,
    solution_keeps_its_rules,
    oracle_exists,
    translations_are_current,
)


def audit_kata(entry: Entry, engine: Engine) -> list[Violation]:
    """Return everything about one kata that breaks a law."""
    audit = Audit(entry, engine)
    title = (files_can_be_read.__doc__ or "").strip()
    broken = [Violation(entry.id, title, message) for message in files_can_be_read(audit)]
    if broken:  # all else would only say it once more
        return broken
    for law in LAWS:
        title = (law.__doc__ or "").strip()
        try:
            broken += [Violation(entry.id, title, message) for message in law(audit)]
        except (GraderError, MistakeError, StubError, UnsoundKata) as error:
            violation = Violation(entry.id, title, str(error))
            if violation.message not in [other.message for other in broken]:
                broken.append(violation)
        except OSError as error:
            broken.append(Violation(entry.id, title, str(error)))
            break
    return broken


def audit_suite(suite: Suite) -> Iterator[Violation]:
    """Return what breaks a law that no single kata can break."""
    from dojo.catalogue import is_current

    for path in suite.strays():
        name = str(path.relative_to(suite.root))
        message = "no solution belongs to it: delete or move it"
        yield Violation(name, "Three trees, same paths", message)
    for path in stray_translations(suite):
        name = str(path.relative_to(suite.root))
        message = (
            "no kata has this id, or the suite does not speak this language: move or delete it"
        )
        yield Violation(name, "A translation belongs to a kata", message)
    cycle = suite.cycle()
    if cycle:
        ring = " → ".join((*cycle, cycle[0]))
        yield Violation(cycle[0], "Nothing needs itself", f"break the ring of needs: {ring}")
    if not is_current(suite):
        yield Violation("README.md", "The catalogue is current", "run `nox -s stubs`")
