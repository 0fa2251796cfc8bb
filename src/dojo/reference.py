"""What the solution and its mistakes observe: computed in children, kept on disk by content."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import CodeType
from typing import Any, Final

import msgspec

from dojo import syntax, wire
from dojo.draw import Draw, seed_of
from dojo.engine import Engine, Run, Silence
from dojo.meter import COUNTS
from dojo.mistakes import Mistake, find_mistakes, reference
from dojo.places import faults_in, place, visible
from dojo.rules import forbidden_operators
from dojo.suite import CaseSpec, Entry
from dojo.trouble import Trouble
from dojo.wire import Failure, Job, Node, Observed, Open

__all__ = [
    "Expected",
    "Key",
    "Outcome",
    "Record",
    "References",
    "UnsoundKata",
    "input_names",
    "outcomes",
]

FLOOR_SECONDS: Final = 4.0
TORCH: Final = re.compile(r"^(import|from) torch\b", re.MULTILINE)
TIMES_REFERENCE: Final = 40.0
OBSERVABLE: Final = "dicts with text keys, lists, tuples, arrays, tensors, numbers, text and None"


class UnsoundKata(Trouble):
    """A solution does not do what its own grader asks; the message names case and cause."""


class Outcome(msgspec.Struct, frozen=True):
    """All that is known of one run of one case."""

    observed: Observed | None
    """None if the case fell silent."""
    silence: str = ""
    hosted: tuple[tuple[str, Node], ...] = ()
    opened: tuple[Open, ...] = ()
    """The hosted objects that the case has asked for: an answer's case may ask for no others."""
    seconds: float = 0.0


class Expected(msgspec.Struct, frozen=True):
    """What the solution does in one case."""

    outcome: Outcome
    nudged: Node
    """Its value when every input is off by a rounding error."""
    nudged_spent: tuple[tuple[str, int], ...] = ()
    """What it costs then."""

    @property
    def limit(self) -> float:
        """Seconds that an answer may take: a multiple of the solution's own, with a floor."""
        return FLOOR_SECONDS + TIMES_REFERENCE * self.outcome.seconds


class Record(msgspec.Struct, frozen=True):
    """Everything that grading needs to know about a kata, in one file."""

    names: dict[str, str]
    """Public names of the solution, with their signatures."""
    cases: tuple[Expected, ...]

    @property
    def limits(self) -> list[float]:
        """Seconds that an answer may take in each case."""
        return [case.limit for case in self.cases]

    @property
    def opens(self) -> list[tuple[Open, ...]]:
        """The hosted objects that each case may ask for, in order."""
        return [case.outcome.opened for case in self.cases]

    @property
    def ran(self) -> frozenset[str]:
        """Names of what the solution itself ran, of all that was recorded."""
        seen = (case.outcome.observed for case in self.cases)
        return frozenset(name for one in seen if one is not None for name, _ in one.ran)


@dataclass(frozen=True)
class Key:
    """A kata with the sources and the salt that its expected values depend on."""

    entry: Entry
    solution: str
    cases: str
    """The grader's source as a child may see it: no metadata, no hosted class."""
    grader: str
    salt: str = ""

    @classmethod
    def of(cls, entry: Entry, salt: str = "") -> Key:
        """Read a kata's two hand-written files."""
        grader = entry.grader.read_text(encoding="utf-8")
        solution = entry.solution.read_text(encoding="utf-8")
        with faults_in(entry.grader):
            return cls(entry, solution, visible(grader), grader, salt)

    @property
    def specs(self) -> tuple[CaseSpec, ...]:
        """The kata's cases, in the grader's order."""
        return self.entry.cases

    @cached_property
    def _digest(self) -> str:
        # The cases too: a grader may be edited between the reading of the two.
        cases = [(spec.id, spec.raises, spec.budget) for spec in self.specs]
        parts = (self.solution, self.grader, cases, self.salt, _engine_digest(), _versions())
        return f"{seed_of(*parts):032x}"

    def digest(self) -> str:
        """Return a name for everything that the expected values depend on."""
        return self._digest

    @property
    def forbidden(self) -> dict[str, str]:
        """What a run must not show, each with the public name that betrays itself by it."""
        meta = self.entry.meta
        return forbidden_operators(meta.forbids, meta.allows, meta.only)

    @property
    def uses_torch(self) -> bool:
        """Whether the solution computes with torch, and not with NumPy alone."""
        return TORCH.search(self.solution) is not None

    def seed(self, spec: CaseSpec, purpose: str) -> str:
        """Return a case's seed; knowing the one for a purpose does not give the others."""
        return f"{seed_of(self.entry.id, spec.id, self.salt, purpose):032x}"

    def job(
        self, source: str, filename: str, *, nudge: bool = False, names: Sequence[str] = ()
    ) -> Job:
        """Return the work of running every case against a source text."""
        runs = tuple(
            (self.seed(spec, "inputs"), spec.function, _sizes(spec)) for spec in self.specs
        )
        watch = tuple(sorted(self.forbidden))
        counts = {
            self.seed(spec, "inputs"): counted
            for spec in self.specs
            if (counted := tuple(name for name in spec.budget if name in COUNTS))
        }
        return Job(
            source,
            filename,
            self.cases,
            runs,
            tuple(names),
            watch,
            nudge=nudge,
            counts=counts,
            arrays=not self.uses_torch,
            inputs=input_names(self.cases),
        )

    def host(self, name: str, seed: str, sizes: dict[str, Any]) -> Any:
        """Build one of the grader's hosted classes, in this process."""
        namespace: dict[str, Any] = {"__name__": f"grader:{self.entry.id}"}
        exec(_compiled(self.grader, str(self.entry.grader)), namespace)
        cls = namespace.get(name)
        if not (isinstance(cls, type) and cls.__module__ == namespace["__name__"]):
            raise ValueError(f"the grader hosts nothing called {name}")
        hidden = seed_of(self.entry.id, self.salt, "hosted", seed)
        return cls(Draw(hidden), **sizes)


def _sizes(spec: CaseSpec) -> wire.Dict:
    node = wire.encode(dict(spec.sizes))
    assert isinstance(node, wire.Dict)
    return node


@lru_cache(maxsize=64)
def _compiled(grader: str, path: str) -> CodeType:
    return compile(grader, path, "exec")


@lru_cache(maxsize=256)
def input_names(cases: str) -> dict[str, str]:
    """Return what cases call the values of their calls: a variable or a keyword, by `line:column`.

    Where several names hold a call, as in `y = f(x=draw.normal(3))`, the innermost is its own.
    """
    found: dict[str, str] = {}
    for node in ast.walk(syntax.parse(cases)):  # what is outside comes first
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name: str | None = node.targets[0].id
        else:
            name = node.arg if isinstance(node, ast.keyword) else None
        if name and isinstance(node, ast.Assign | ast.keyword):
            calls = (inner for inner in ast.walk(node.value) if isinstance(inner, ast.Call))
            found |= {f"{call.lineno}:{call.col_offset}": name for call in calls}
    return found


@cache
def _engine_digest() -> str:
    """Hash the modules that an expected value passes through."""
    names = (
        "child",
        "draw",
        "engine",
        "kata",
        "meter",
        "mistakes",
        "places",
        "recording",
        "reference",
        "refusal",
        "rules/families",
        "rules/names",
        "rules/operators",
        "topics",
        "wire",
    )
    digest = hashlib.sha256()
    for name in names:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()


@cache
def _versions() -> str:
    packages = (f"{name} {importlib.metadata.version(name)}" for name in ("torch", "numpy"))
    return "; ".join((sys.version, *packages))


def outcomes(run: Run, n_cases: int) -> tuple[Outcome, ...]:
    """Return what came of every case of a run."""
    found = []
    for index in range(n_cases):
        ended = run.ended.get(index)
        found.append(
            Outcome(
                ended if isinstance(ended, Observed) else None,
                f"{ended.why}: {ended.detail}" if isinstance(ended, Silence) else "",
                run.hosted.get(index, ()),
                run.opened.get(index, ()),
                run.seconds.get(index, 0.0),
            )
        )
    return tuple(found)


class References:
    """Expected observations, from the disk or computed now."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._records: dict[tuple[str, str], Record] = {}
        self._mistakes: dict[str, tuple[tuple[Mistake, tuple[Outcome, ...]], ...]] = {}

    def record(self, key: Key) -> Record:
        """Return what the solution observes in every case."""
        record = self._known(key, "expected")
        if record is None:
            (record,) = self._compute([key], watched=True)
            self._keep(key, "expected", record)
        return record

    def _known(self, key: Key, what: str) -> Record | None:
        name = (what, key.digest())
        if name not in self._records:
            record: Record | None = _load(self._path(key, what), Record)
            if record is None:
                return None
            self._records[name] = record
        return self._records[name]

    def _keep(self, key: Key, what: str, record: Record) -> None:
        _store(self._path(key, what), record)
        self._records[what, key.digest()] = record

    def bare(self, keys: Sequence[Key]) -> tuple[Record, ...]:
        """Return records of one kata with several salts, without the names of what ran.

        All of them take two children, and less than half the time of whole ones.
        """
        found = [self._known(key, "bare") for key in keys]
        missing = [key for key, record in zip(keys, found, strict=True) if record is None]
        if missing:
            for key, record in zip(missing, self._compute(missing, watched=False), strict=True):
                self._keep(key, "bare", record)
        return tuple(self._records["bare", key.digest()] for key in keys)

    def mistakes(self, key: Key) -> tuple[tuple[Mistake, tuple[Outcome, ...]], ...]:
        """Return every declared mistake with what it observes in every case."""
        digest = key.digest()
        if digest not in self._mistakes:
            self._mistakes[digest] = self._find_mistakes(key)
        return self._mistakes[digest]

    def _find_mistakes(self, key: Key) -> tuple[tuple[Mistake, tuple[Outcome, ...]], ...]:
        with faults_in(key.entry.solution):
            declared = find_mistakes(key.solution)
        path = self._path(key, "mistakes")
        observed = _load(path, tuple[tuple[Outcome, ...], ...])
        if observed is None or len(observed) != len(declared):
            limits = self.record(key).limits
            observed = tuple(self.observe(key, mistake.source, limits) for mistake in declared)
            _store(path, observed)
        return tuple(zip(declared, observed, strict=True))

    def observe(
        self, key: Key, source: str, limits: Sequence[float], *, nudge: bool = False
    ) -> tuple[Outcome, ...]:
        """Run a source text of ours against every case."""
        return self.observe_all([key], source, [limits], nudge=nudge)[0]

    def observe_all(
        self,
        keys: Sequence[Key],
        source: str,
        limits: Sequence[Sequence[float]],
        *,
        nudge: bool = False,
        luck: int = 0,
        watched: bool = False,
    ) -> list[tuple[Outcome, ...]]:
        """Run a source text of ours against every case of one kata, with several salts in turn.

        `watched` tells what runs underneath and the masks as well, in twice the time: of the
        reference these matter.
        """
        first = keys[0]
        jobs = [key.job(source, f"{key.entry.name}.py", nudge=nudge) for key in keys]
        job = msgspec.structs.replace(
            jobs[0],
            runs=tuple(run for job in jobs for run in job.runs),
            counts={seed: names for job in jobs for seed, names in job.counts.items()},
            watch=jobs[0].watch if watched else (),
            masks=watched,
            luck=luck,
        )
        keepers = {run[0]: key for key, job in zip(keys, jobs, strict=True) for run in job.runs}

        def host(name: str, seed: str, sizes: dict[str, Any]) -> Any:
            return keepers[seed.partition("/")[0]].host(name, seed, sizes)

        run = self._engine.run(job, [limit for some in limits for limit in some], host)
        if run.broken is not None:
            raise UnsoundKata(_not_loaded(first, source, run.broken))
        found, n_cases = outcomes(run, len(job.runs)), len(first.specs)
        return [found[at : at + n_cases] for at in range(0, len(found), n_cases)]

    def _compute(self, keys: Sequence[Key], *, watched: bool) -> list[Record]:
        from dojo.stubs import public_names

        first = keys[0]
        with faults_in(first.entry.solution):
            source = reference(first.solution)
            names = public_names(first.solution)
        patient = [[600.0] * len(key.specs) for key in keys]
        plain = self.observe_all(keys, source, patient, watched=watched)
        nudged = self.observe_all(keys, source, patient, nudge=True)
        records = []
        for key, ours, others in zip(keys, plain, nudged, strict=True):
            for spec, outcome in zip(key.specs, ours, strict=True):
                _demand_sound(key, spec, outcome)
            cases = tuple(
                Expected(
                    outcome,
                    other.observed.value if other.observed else None,
                    other.observed.spent if other.observed else (),
                )
                for outcome, other in zip(ours, others, strict=True)
            )
            records.append(Record(names, cases))
        return records

    def _path(self, key: Key, what: str) -> Path:
        salted = f"{seed_of(key.salt):08x}"[:8] if key.salt else "plain"
        return self._folder / key.entry.id / f"{what}-{salted}-{key.digest()}.msgpack"


def _not_loaded(key: Key, source: str, broken: Failure | Silence) -> str:
    """Say which version of a solution does not load, where and why."""
    where = f"solutions/{key.entry.id}.py"
    if isinstance(broken, Silence):
        why = f"{broken.why}: {broken.detail}"
    else:
        why = f"{broken.kinds[0]}: {broken.message[:300]}"
    spoilt = next((m for m in find_mistakes(key.solution) if m.source == source), None)
    if spoilt is not None:
        return f"{where}:{spoilt.line}: the solution does not load with this mistake ({why})"
    if source != reference(key.solution):
        return f"{where}: a version of it does not load ({why})"
    if isinstance(broken, Failure) and broken.steps:
        where, code = place(key.entry.id, key.solution, key.grader, broken)
        why += f", in `{code}`"
    return f"{where}: the solution does not load ({why}): mend it"


def _demand_sound(key: Key, spec: CaseSpec, outcome: Outcome) -> None:
    here, what = f"graders/{key.entry.id}.py:{spec.line}", f"the solution, in case {spec.id},"
    if outcome.observed is None:
        raise UnsoundKata(f"{here}: {what} gives no answer ({outcome.silence})")
    failure = outcome.observed.failure
    if failure is None and spec.raises is not None:
        raise UnsoundKata(f"{here}: {what} raises nothing, but declares raises={spec.raises}")
    if failure is None:
        seen = (("", outcome.observed.value), *outcome.hosted)
        for path, name in (found for at, node in seen for found in _foreign(node, at)):
            raise UnsoundKata(
                f"{here}: {what} returns {_article(name)} {name}{path and f' at {path}'}: "
                f"an observation is made of {OBSERVABLE}"
            )
        return
    if spec.raises in failure.kinds:
        return
    where, code = place(key.entry.id, key.solution, key.grader, failure)
    kind, said = failure.kinds[0], failure.message[:500]
    did = f"needs `{said}`, which is not defined" if kind == "NotDefined" else ""
    did = did or f"raises {kind}: {said}"
    did += f", in `{code}`" if code else ""
    if spec.raises is not None:
        raise UnsoundKata(f"{where}: {what} {did}, but declares raises={spec.raises}")
    raise UnsoundKata(
        f"{where}: {what} {did}: mend solution or grader, or declare raises= in the case"
    )


def _foreign(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """Yield where an observation holds something that no answer can equal, and what that is."""
    if isinstance(node, wire.Other):
        yield path, node.name
    elif isinstance(node, wire.Dict):
        for key, item in node.items:
            yield from _foreign(item, f"{path}.{key}" if path else key)
    elif isinstance(node, wire.List | wire.Tuple):
        for index, item in enumerate(node.items):
            yield from _foreign(item, f"{path}[{index}]")
    elif isinstance(node, wire.Sampled):
        yield from _foreign(node.draws, path)


def _article(name: str) -> str:
    return "an" if name[:1] in "aeiouAEIOU" else "a"


def _load(path: Path, kind: Any) -> Any:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def _store(path: Path, value: Any) -> None:
    """Write atomically and drop what the new file replaces; a cache may fail silently."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stem = path.name.rsplit("-", 1)[0]
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(msgspec.msgpack.encode(value))
        os.replace(file.name, path)
        for old in path.parent.glob(f"{stem}-*.msgpack"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError:
        return
