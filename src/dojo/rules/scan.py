"""Read a source for uses of what is forbidden."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

from dojo import syntax
from dojo.rules.forbidden import Forbidden
from dojo.rules.names import canonical
from dojo.rules.reach import Reach
from dojo.rules.resolve import Limit, Resolver, TooMuch
from dojo.rules.scopes import Scope
from dojo.rules.uses import Use, foreign, lines_of, written

__all__ = ["Use", "scan"]

MAX_CHARACTERS: Final = 2**18
MAX_USES: Final = 50
_OPAQUE: Final = frozenset({
    "torch.jit", "torch.compile", "torch.ops", "torch._C", "torch._VF", "torch.classes",
    "torch._dynamo", "torch._refs", "torch._decomp", "torch._prims", "torch._inductor",
    "torch.export", "torch.utils.cpp_extension", "torch.autograd.profiler", "torch.profiler",
    "torch.autograd.Variable._execution_engine", "torch.autograd.graph._engine_run_backward",
    "ctypes", "cffi", "importlib", "runpy", "pickle", "marshal", "code", "builtins",
    "inspect.getsource", "inspect.getsourcelines", "inspect.getargvalues", "inspect.getmembers",
    "inspect.trace", "inspect.getframeinfo", "typing.get_type_hints", "string.Formatter",
    "operator.attrgetter", "operator.methodcaller", "numpy.load", "numpy.lib", "numpy.core",
    "torch.load", "torch.serialization", "torch.fx", "torch.package", "torch.ao", "torch.onnx",
    "gc.get_objects", "gc.get_referrers", "gc.get_referents", "inspect.currentframe",
    "inspect.stack", "threading", "_thread", "multiprocessing", "concurrent.futures", "sys.modules",
    "os.write", "os.writev", "os.pwrite", "os.fdopen", "os.dup", "os.dup2", "fcntl", "mmap",
    "signal", "faulthandler", "atexit", "gc.callbacks", "sys.addaudithook", "torch.overrides",
    "socket", "torch.library", "torch.utils._python_dispatch", "sys._getframe",
    "sys.setprofile", "sys.settrace", "types.FunctionType", "types.CodeType",
})  # fmt: skip
"""Roads whose end cannot be read from the text."""
LONGEST: Final = max(road.count(".") + 1 for road in _OPAQUE)
_TWINS: Final = ("torch._refs", "torch._decomp", "torch._prims")
"""Where torch keeps second implementations, in Python: they miss nothing that is taken away."""
_INSIDE: Final = frozenset(
    {
        "__builtins__", "__closure__", "__code__", "__dict__", "__getattribute__", "__globals__",
        "__subclasses__", "__traceback__", "_getframe", "ag_frame", "cr_frame", "f_back",
        "f_globals", "f_locals", "gi_frame", "tb_frame",
    }
)  # fmt: skip
"""Attributes of anything that lead into the engine's own code, which runs in the same process."""
_HONEST: Final = ("torch.signal",)
"""What has the name of a road and is none."""
_RUNNERS: Final = ("exec", "eval", "compile", "__import__")
_USUAL: Final = frozenset(
    {
        "__future__", "abc", "array", "beartype", "bisect", "cmath", "collections", "contextlib",
        "copy", "copyreg", "dataclasses", "datetime", "decimal", "doctest", "einops", "enum",
        "fractions", "functools", "graphlib", "hashlib", "heapq", "inspect", "io", "itertools",
        "jaxtyping", "json", "logging", "math", "numbers", "numpy", "operator", "os", "pathlib",
        "pprint", "queue", "random", "re", "statistics", "string", "struct", "sys", "textwrap",
        "time", "torch", "tqdm", "types", "typing", "typing_extensions", "unittest", "warnings",
        "weakref",
    }
)  # fmt: skip
"""Modules that answers import for no other end than their own."""
_WAYS_OUT: Final = frozenset(
    {"__array_interface__", "__torch_dispatch__", "__torch_function__", "data_ptr", "numpy"}
)
"""Where a cost is counted: attributes that lead to where nobody counts."""


def scan(
    source: str,
    forbids: Sequence[str],
    allows: Sequence[str] = (),
    *,
    only: Sequence[str] = (),
    wanted: Collection[str] | None = None,
    wary: bool = False,
    uncounted: Collection[str] = (),
) -> tuple[Use, ...]:
    """Return where a source uses what is forbidden; nothing if it does not parse.

    Libraries that are not provided are always forbidden. `only` lists all that is allowed of the
    others. `wanted` are the names that the cases ask
    for: a function that is neither wanted nor mentioned is a check of the writer's own. A `wary`
    scan marks the roads whose end cannot be read even where nothing is forbidden, and calls of
    the `uncounted` libraries.
    """
    if len(source) > MAX_CHARACTERS:
        return (Use(1, "", "the file is too long to be read for forbidden calls", False),)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes: the child will say so
            tree = syntax.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return ()
    rules = Forbidden.of(forbids, allows, only)
    try:
        reach, limit = Reach.of(tree, source, wanted), Limit()
        found = (
            _Reader(source, rules, limit, wary, uncounted).read(tree)
            if forbids or only or wary
            else []
        )
        found = [*foreign(tree, source, limit.step), *found]
        return tuple(_within(reach, sorted(found, key=lambda use: (use.line, not use.certain))))
    except (TooMuch, RecursionError):
        return (Use(1, "", "the file is too tangled to be read for forbidden calls", False),)


def _within(reach: Reach, found: Iterable[Use]) -> Iterator[Use]:
    """Leave out what never runs; doubt what may not."""
    for use in found:
        if use.line not in reach.idle and use.line not in reach.never:
            yield use
        elif reach.roundabout:
            yield replace(use, certain=False)


class _Reader(Resolver):
    """Reads one tree: first what every name is bound to, then what is used."""

    def __init__(
        self,
        source: str,
        rules: Forbidden,
        limit: Limit,
        wary: bool,
        uncounted: Collection[str],
    ) -> None:
        super().__init__(limit)
        self.wary, self.uncounted = wary, uncounted
        self.lines = lines_of(source)
        self.rules = rules
        self.uses: dict[tuple[int, str, str], Use] = {}

    def read(self, tree: ast.Module) -> list[Use]:
        """Return all uses in the order of lines."""
        self.bind(tree)
        for node, scope in self.nodes:
            if len(self.uses) < MAX_USES:
                self.limit.step()
                self._look_at(node, scope)
        named = {use.line for use in self.uses.values() if use.certain}
        told = (use for use in self.uses.values() if use.name or use.line not in named)
        return sorted(told, key=lambda use: (use.line, not use.certain, use.how))

    # --- what is used -----------------------------------------------------------------------------

    def _look_at(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._look_at_name(node, scope)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            self._look_at_attribute(node, scope)
        elif isinstance(node, ast.Call):
            self._look_at_call(node, scope)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found = self._subscripted(node, scope, 0)
            self._report_all(node, found)
            if not found and self._is_table(node.value, scope) and self._is_ours(node.value, scope):
                self._report(node, "", False)
        elif isinstance(node, ast.Match):
            self._look_at_match(node, scope)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._look_at_import(node)
        elif isinstance(node, ast.FunctionDef) and self.wary and node.name in _WAYS_OUT:
            self._report(node, "", False)

    def _look_at_name(self, node: ast.Name, scope: Scope) -> None:
        holder = scope.holder(node.id)
        if holder is None and node.id in _RUNNERS and self._is_opaque_runner(node):
            self._report(node, "", False)
        elif holder is None and node.id == "getattr" and id(node) not in self.called:
            self._report(node, "", False)  # handed on, to whoever calls it
        elif holder is None and self.rules.only:
            pass  # a star's names cannot be told from built-in ones: the star itself is reported
        elif holder is None or node.id in holder.imported:
            # what an assignment binds is reported where it is assigned
            self._report_all(node, self._of_name(node.id, scope))

    def _is_opaque_runner(self, node: ast.Name) -> bool:
        return node.id != "__import__" or id(node) not in self.called

    def _look_at_attribute(self, node: ast.Attribute, scope: Scope) -> None:
        inside = node.attr in _INSIDE and not self._is_self(node.value)
        leaves = self.wary and node.attr in _WAYS_OUT and node.attr not in self.members
        if inside or leaves:
            self._report(node, "", False)
        paths = self._resolve(node, scope)
        if paths:
            certain = isinstance(node.value, ast.Attribute) or self._is_sure(node.value, scope)
            self._report_all(node, [(path, certain) for path in paths])
            return
        if node.attr in self.members or self._is_self(node.value):
            return
        if isinstance(node.value, ast.Name):
            holder = scope.holder(node.value.id)
            if holder is None and not self.stars:
                return
        if node.attr in self.rules.methods:
            self._report(node, self.rules.methods[node.attr], id(node) in self.called)
        elif node.attr in self.rules.maybe_methods and id(node) in self.called:
            self._report(node, self.rules.maybe_methods[node.attr], False)

    def _is_sure(self, node: ast.expr, scope: Scope) -> bool:
        return not isinstance(node, ast.Name) or all(
            certain for _, certain in self._of_name(node.id, scope)
        )

    def _is_self(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in ("self", "cls")

    def _is_ours(self, node: ast.expr, scope: Scope) -> bool:
        """Whether an expression stands for a library that something is forbidden of."""
        libraries = self.rules.libraries
        return any(path.partition(".")[0] in libraries for path in self._resolve(node, scope))

    def _look_at_call(self, node: ast.Call, scope: Scope) -> None:
        found = self._looked_up(node, scope)
        self._report_all(node, found)
        name = self._builtin(node.func, scope)
        if name == "getattr" and len(node.args) >= 2 and not found:
            text = self._fold(node.args[1], scope)
            if text is not None and not self._is_self(node.args[0]):
                if text.value in self.rules.methods and text.value not in self.members:
                    self._report(node, self.rules.methods[text.value], text.plain)
            elif text is None and not self._is_self(node.args[0]):
                self._report(node, "", False)
        functions = self._resolve(node.func, scope)
        is_import = name == "__import__" or "importlib.import_module" in functions
        if is_import and not found:
            self._report(node, "", False)
        for function in ("operator.methodcaller", "operator.attrgetter"):
            if function in functions and node.args:
                text = self._fold(node.args[0], scope)
                if text is None:
                    self._report(node, "", False)
                    continue
                leaf = text.value.rsplit(".", 1)[-1]
                if leaf in self.rules.methods:
                    self._report(node, self.rules.methods[leaf], text.plain)
                elif leaf in self.rules.leaves:
                    self._report(node, self.rules.leaves[leaf], False)

    def _look_at_match(self, node: ast.Match, scope: Scope) -> None:
        """Look at `match torch: case object(softmax=f)`."""
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                self.limit.step()
                if isinstance(pattern, ast.MatchClass):
                    for name in pattern.kwd_attrs:
                        for path in self._resolve(node.subject, scope):
                            self._report_all(pattern, [(f"{path}.{name}", True)])

    def _look_at_import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Report the roads whose end cannot be read, where they are first entered."""
        whole = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{name}" for name in whole] if not node.level else []
        if self.rules.only and isinstance(node, ast.ImportFrom) and "*" in str(whole):
            self._report_all(node, [(f"{node.module}.*", True)])
        for path in whole:
            unusual = path.partition(".")[0] not in _USUAL
            if (unusual or _is_opaque(path)) and not path.startswith("importlib"):
                self._report(node, "", False)

    def _report_all(self, node: ast.AST, found: Iterable[tuple[str, bool]]) -> None:
        for path, certain in found:
            forbidden = self.rules.of_path(path)
            if forbidden is not None:
                self._report(node, forbidden[0], certain and forbidden[1], canonical(path))
            elif (
                path.startswith(_TWINS) and isinstance(node, ast.Attribute) and self._is_whole(node)
            ):
                self._report(node, path, certain)
            elif isinstance(node, ast.Attribute) and (
                _is_opaque(path)
                or (path.partition(".")[0] in self.uncounted and id(node) in self.called)
            ):
                self._report(node, "", False)

    def _is_whole(self, node: ast.Attribute) -> bool:
        return id(node) not in self.holders

    def _report(self, node: ast.AST, name: str, certain: bool, path: str = "") -> None:
        line = getattr(node, "lineno", 1)
        kind: Literal["forbidden", "unlisted"] = "unlisted" if self.rules.only else "forbidden"
        path = "" if path == canonical(name) else path
        use = Use(line, name, written(node, self.lines), certain, path, kind)
        if not name and any(at == line for at, _, _ in self.uses):
            return
        key = (line, name, "")
        known = self.uses.get(key)
        if known is None or (certain and not known.certain):
            self.uses[key] = use


def _is_opaque(path: str) -> bool:
    """Whether a path is a road, or passes one: `os.sys._getframe` is `sys._getframe`."""
    parts = path.split(".")
    n = len(parts)
    passed = (".".join(parts[i:j]) for i in range(n) for j in range(i + 1, min(n, i + LONGEST) + 1))
    if not _OPAQUE.isdisjoint(passed):
        return not any(path.startswith(f"{honest}.") or path == honest for honest in _HONEST)
    # torch's private parts may switch off what records a run
    return parts[0] == "torch" and any(re.match("_(?!_)", part) for part in parts)
