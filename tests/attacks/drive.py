"""Grade hostile answers: each is an honest answer whose public names pass through `attack`.

A file in `hostile/` holds one idea. Its docstring says it, and the comments below it say

    # verdict: wrong, raised       what may come of it
    # stopped by: landlock         the defence that is in its way
    # without it: sandbox          what has to be switched off for the attack to succeed
    # katas: lstm_cell             where it is tried; on all four unless told
    # variants: 3                  how many values of WHICH are tried

`attack(right, *args, **kwargs)` stands in the place of the honest function or method `right`. It
returns the right result only if the harm was possible, so that "passed" means "broken".
"""

from __future__ import annotations

import ast
import json
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dojo.engine import Engine
from dojo.grade import Grader
from dojo.mistakes import reference
from dojo.reference import Key
from dojo.suite import Entry, Suite
from dojo.verdict import KataResult

__all__ = ["ROOT", "Attack", "Seen", "Stage", "attacks", "by_name", "compose", "stage"]

ROOT = Path(__file__).resolve().parent.parent.parent

FUNCTION = """
_right = {name}


def {name}(*args, **kwargs):
    return attack(_right, *args, **kwargs)
"""
METHOD = """
class {name}({name}):
    def {method}(self, *args, **kwargs):
        return attack(super().{method}, *args, **kwargs)
"""
SHELLS = {
    "recurrent/lstm_cell": FUNCTION.format(name="lstm_cell"),
    "attention/self_attention": METHOD.format(name="SelfAttention", method="forward"),
    "decoding/beam_search": FUNCTION.format(name="beam_search"),
    "bandits/ucb1": METHOD.format(name="UCB1", method="select"),
}
"""The katas, and how an answer's public name is led through the attack."""

CASES = {
    "decoding/beam_search": ("hypotheses", "cost", "cost_of_ties", "refused"),
    "bandits/ucb1": ("pulls", "untried", "tied", "no_arms"),
}
"""The cases that are kept, of katas that have many: the others ask nothing new of an attack."""

HELPERS = '''

def change(value, function):
    """Apply a function to every tensor."""
    if isinstance(value, tuple | list):
        return type(value)(change(item, function) for item in value)
    return function(value) if hasattr(value, "is_meta") else value


def spoil(value):
    """Return something of the same form that is wrong everywhere."""
    if type(value) is int or type(value) is float:
        return value + 1
    if isinstance(value, list) and not value:
        return [([0], 0.0)]
    if isinstance(value, tuple | list):
        return type(value)(spoil(item) for item in value)
    return value.detach() * 0 + 0.37 if hasattr(value, "is_meta") else value
'''


@dataclass(frozen=True)
class Attack:
    """One hostile file."""

    name: str
    idea: str
    text: str
    notes: dict[str, str]

    @property
    def verdicts(self) -> set[str]:
        """What may come of it."""
        return set(_listed(self.notes["verdict"]))

    @property
    def katas(self) -> list[str]:
        """Where it is tried, by id."""
        names = _listed(self.notes.get("katas", ""))
        return [kata for kata in SHELLS if not names or kata.partition("/")[2] in names]

    @property
    def variants(self) -> range:
        """The values of WHICH."""
        return range(int(self.notes.get("variants", "1")))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def attacks() -> list[Attack]:
    """Read every hostile file, without running it."""
    found = []
    for path in sorted((Path(__file__).parent / "hostile").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        notes = dict(re.findall(r"^# (verdict|stopped by|without it|katas|variants): (.+)$", text, re.M))
        idea = ast.get_docstring(ast.parse(text)) or ""
        found.append(Attack(path.stem, idea, text, notes))
    return found


def by_name(name: str) -> Attack:
    """Return one hostile file."""
    return next(attack for attack in attacks() if attack.name == name)


def compose(attack: Attack, kata: str, right: str, folder: Path, port: int, which: int = 0) -> str:
    """Join a hostile file with an honest answer to a kata."""
    text = attack.text.replace('"/nowhere"', repr(str(folder))).replace("47613", str(port))
    text = text.replace("WHICH = 0", f"WHICH = {which}")
    return f"{text}{HELPERS}\n\n{right}{SHELLS.get(kata, FUNCTION.format(name=kata))}"


@dataclass
class Seen:
    """What came of one attack on one kata, and of the honest answer after it."""

    result: KataResult
    after: KataResult
    seconds: float
    longest: float
    """The time that the cases' own limits and the loading allow, together."""


@dataclass
class Stage:
    """A suite, an engine, a folder with a secret, a server: all that an attack may be after."""

    engine: Engine
    suite: Suite
    folder: Path
    port: int
    cache: Path
    salt: str = ""
    heard: list[str] = field(default_factory=list)
    """What has reached the server."""

    def entry(self, kata: str) -> Entry:
        """Return a kata."""
        return next(entry for entry in self.suite.entries if entry.id == kata)

    def right(self, kata: str) -> str:
        """Return an honest answer."""
        return self.entry(kata).solution.read_text(encoding="utf-8")

    def grade(self, kata: str, text: str) -> KataResult:
        """Grade a source text."""
        grader = Grader(self.engine, self.cache, self.salt)
        return grader.grade_text(Key.of(self.entry(kata), self.salt), text)

    def limits(self, kata: str) -> float:
        """Return how long an answer may take that uses up its first two time-outs and its load."""
        record = Grader(self.engine, self.cache, self.salt).references.record(
            Key.of(self.entry(kata), self.salt)
        )
        return 2 * max(case.limit for case in record.cases)

    def try_out(self, attack: Attack, kata: str, which: int = 0) -> Seen:
        """Grade an attack, and right after it an honest answer."""
        text = compose(attack, kata, self.right(kata), self.folder, self.port, which)
        longest = self.limits(kata)
        start = time.monotonic()
        result = self.grade(kata, text)
        seconds = time.monotonic() - start
        return Seen(result, self.grade(kata, self.right(kata)), seconds, longest)

    def try_all(self, chosen: list[tuple[Attack, str, int]]) -> list[Seen | Exception]:
        """Try attacks two at a time."""

        def one(job: tuple[Attack, str, int]) -> Seen | Exception:
            try:
                return self.try_out(*job)
            except Exception as error:  # the run was taken down: that is a finding
                return error

        for kata in {kata for _, kata, _ in chosen}:
            self.grade(kata, self.right(kata))  # the expected values are computed once
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(one, chosen))


@contextmanager
def stage(*, sandbox: bool = True, salt: str = "", memory: int = 2**30) -> Iterator[Stage]:
    """Set up everything in a folder of its own."""
    with tempfile.TemporaryDirectory() as name, _server() as (port, heard):
        home = Path(name)
        folder = home / "home"
        folder.mkdir()
        (folder / "gradebook").write_text("everybody: 1.0\n", encoding="utf-8")
        suite = _trimmed(home / "suite")
        with Engine(sandbox=sandbox, memory=memory, closed=[home, ROOT]) as engine:
            yield Stage(engine, suite, folder, port, home / "cache", salt, heard)


def _trimmed(root: Path) -> Suite:
    """Copy the four katas with fewer cases, and without the mistakes, which would only take time."""
    for kata in SHELLS:
        for tree in ("katas", "solutions", "graders"):
            path = root / tree / f"{kata}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = (ROOT / tree / f"{kata}.py").read_text(encoding="utf-8")
            if tree == "solutions":
                text = reference(text)
            elif tree == "graders" and kata in CASES:
                text = _keep(text, CASES[kata])
            path.write_text(text, encoding="utf-8")
    return Suite(root)


def _keep(grader: str, names: tuple[str, ...]) -> str:
    tree = ast.parse(grader)
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.FunctionDef) and node.decorator_list) or node.name in names
    ]
    return ast.unparse(tree) + "\n"


@contextmanager
def _server() -> Iterator[tuple[int, list[str]]]:
    """Listen on the loopback: TCP, UDP and a local socket without a file."""
    heard: list[str] = []
    stream = socket.create_server(("127.0.0.1", 0))
    port = stream.getsockname()[1]
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.bind(("127.0.0.1", port))
    local = socket.socket(socket.AF_UNIX)
    local.bind(f"\0attack-{port}")
    local.listen()
    open_ = True

    def listen(server: socket.socket, kind: str) -> None:
        server.settimeout(0.2)
        while open_:
            with suppress(TimeoutError, OSError):
                if kind == "udp":
                    server.recv(100)
                else:
                    server.accept()[0].close()
                heard.append(kind)

    pairs = ((stream, "tcp"), (datagram, "udp"), (local, "local"))
    threads = [threading.Thread(target=listen, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    try:
        yield port, heard
    finally:
        open_ = False
        for thread in threads:
            thread.join()
        for server, _ in pairs:
            server.close()


def main() -> None:
    """Try the named attacks on the LSTM cell and print what came of them, as JSON."""
    import dojo.reference

    vars(dojo.reference)["FLOOR_SECONDS"] = 1.0
    with stage() as here:
        chosen = [(by_name(name), "recurrent/lstm_cell", 0) for name in sys.argv[1:]]
        found = here.try_all(chosen)
        print(
            json.dumps(
                {
                    "verdicts": {
                        attack.name: repr(seen)
                        if isinstance(seen, Exception)
                        else [str(seen.result.verdict), str(seen.after.verdict)]
                        for (attack, *_), seen in zip(chosen, found, strict=True)
                    },
                    "user": os.getuid(),
                    "heard": here.heard,
                    "files": sorted(path.name for path in here.folder.iterdir()),
                    "report": here.engine.report,
                }
            )
        )


if __name__ == "__main__":
    main()
