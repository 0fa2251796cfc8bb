"""Check your files before you hand them in: python check.py

It looks at names and signatures, runs the examples of the statements, and warns of what is not
allowed. What counts are further cases that are not in here, so that all is well here is
necessary and not enough. Python, NumPy and torch are all it needs.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib.util
import inspect
import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, NamedTuple  # noqa: UP035  (older Pythons run this, too)

__all__ = ["main"]


class Finding(NamedTuple):
    """One thing that was looked at."""

    fine: bool
    text: str


def main(folder: Path) -> int:
    """Check every file that the release names; return 0 if all is well, else 1."""
    release = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    n_fine = 0
    print(f"{release['title']} (version {release['version']})")
    for kata in release["katas"]:
        findings = list(look_at(folder / kata["file"], kata))
        fine = all(finding.fine for finding in findings)
        n_fine += fine
        print(f"\n{'ok  ' if fine else 'TODO'} {kata['file']}, {kata['points']:g} points")
        for finding in findings:
            print(f"     {'+' if finding.fine else '-'} {finding.text}")
    n_katas = len(release["katas"])
    print(f"\n{n_fine} of {n_katas} files are ready to be handed in.")
    if n_fine == n_katas:
        print("The cases that count are others: read the statements once more.")
    return 0 if n_fine == n_katas else 1


def look_at(path: Path, kata: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is found in one file, as far as it can be looked at."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except FileNotFoundError:
        yield Finding(False, "the file is missing")
        return
    except UnicodeDecodeError:
        yield Finding(False, "the file is not UTF-8: save it as UTF-8")
        return
    except SyntaxError as error:
        yield Finding(False, f"line {error.lineno}: {error.msg}")
        return
    yield from forbidden(tree, kata["forbidden"])
    try:
        module = load(path)
    except ModuleNotFoundError as error:
        yield Finding(False, f"{error.name} is not installed: python -m pip install {error.name}")
        return
    except (Exception, SystemExit) as error:
        yield Finding(False, f"the file cannot be loaded: {type(error).__name__}: {error}")
        return
    wrong = list(interface(module, kata["names"]))
    yield from wrong
    if not wrong:
        yield Finding(True, "names and signatures")
    yield from examples(module, kata)


def load(path: Path) -> ModuleType:
    """Run a file as a module of its own."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def interface(module: ModuleType, names: dict[str, str]) -> Iterator[Finding]:
    """Yield the names that are missing and those that cannot be called as they should be."""
    for name, call in names.items():
        thing: Any = module
        for part in name.split("."):
            thing = getattr(thing, part, None)
        if thing is None:
            yield Finding(False, f"{name} is not defined")
        elif not accepts(thing, call):
            yield Finding(False, f"{name} must take what the statement says: {call}")


def accepts(thing: Any, call: str) -> bool:
    """Whether a function has the parameters of another, and needs no more than these."""
    if not callable(thing):
        return True  # a property
    if "(" not in call:
        call += "()"
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return True
    function = ast.parse(f"def {call}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    wanted = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    stars = [p.kind for p in found if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    own = [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    n_needed = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    needed = {
        *wanted[:n_needed],
        *(
            argument.arg
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults)  # noqa: B905
            if default is None
        ),
    }
    if any(p.default is p.empty and p.name not in needed for p in own):
        return False
    return bool(stars) or [p.name for p in own if p.name in wanted] == wanted


def examples(module: ModuleType, kata: dict[str, Any]) -> Iterator[Finding]:
    """Run the statement's examples with what the file defines."""
    names: dict[str, Any] = {}
    for line in kata["imports"]:
        with contextlib.suppress(ImportError):
            exec(line, names)
    names.update(vars(module))
    test = doctest.DocTestParser().get_doctest(kata["examples"], names, kata["file"], None, 0)
    out = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(test, out=out.write)
    if "NotImplementedError" in out.getvalue():
        yield Finding(False, "something is still to be written")
    elif runner.failures:
        yield Finding(False, f"{runner.failures} of {runner.tries} examples give something else:")
        for line in out.getvalue().splitlines():
            if line.strip("*") and not line.startswith("File "):
                yield Finding(False, f"  {line}")
    else:
        yield Finding(True, f"{runner.tries} of {runner.tries} examples")


def forbidden(tree: ast.Module, names: list[str]) -> Iterator[Finding]:
    """Yield the places that seem to use what the statement does not allow."""
    imported = dict(imports(tree))
    methods = {name.rpartition(".")[2] for name in names if name.startswith("torch.Tensor.")}
    for node in ast.walk(tree):
        path = dotted(node, imported)
        method = (
            node.func.attr
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            else ""
        )
        if path in names:
            yield Finding(False, f"line {line_of(node)}: {path} is not allowed here")
        elif method in methods and isinstance(node, ast.Call) and not of_library(node, imported):
            yield Finding(False, f"line {node.lineno}: .{method}(…) is not allowed here")


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what each imported name stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def dotted(node: ast.AST, imported: dict[str, str]) -> str:
    """Return the full name that an expression stands for, or nothing."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, "")
    if isinstance(node, ast.Attribute):
        first = dotted(node.value, imported)
        return f"{first}.{node.attr}" if first else ""
    return ""


def of_library(node: ast.Call, imported: dict[str, str]) -> bool:
    """Whether a call is one of a module's function or of the class's own method."""
    assert isinstance(node.func, ast.Attribute)
    owner = node.func.value
    return bool(dotted(owner, imported)) or getattr(owner, "id", "") in ("self", "cls", "super")


def line_of(node: ast.AST) -> int:
    """Return where a node stands."""
    return int(getattr(node, "lineno", 0))


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
