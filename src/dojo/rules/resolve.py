"""What an expression stands for, as far as the text says it: nothing runs."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dojo.rules.scopes import SCOPES, Scope, assignments, children, defaults

__all__ = ["Limit", "Resolver", "Text", "TooMuch"]

MAX_STEPS: Final = 600_000
MAX_SECONDS: Final = 3.0
MAX_DEPTH: Final = 40
MAX_STRING: Final = 200


class TooMuch(Exception):
    """The reading would take too long."""


@dataclass
class Limit:
    """A bound on steps and on time, whichever comes first."""

    left: int = MAX_STEPS
    end: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)

    def step(self) -> None:
        self.left -= 1
        if self.left < 0 or (self.left % 256 == 0 and time.monotonic() > self.end):
            raise TooMuch


class Text(NamedTuple):
    """A string known before the run; plain if one need not compute to know it."""

    value: str
    plain: bool


class Resolver:
    """Knows what every name of one tree is bound to, and what expressions stand for."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.scopes = [Scope(None)]
        self.defaults: list[tuple[Scope, ast.arg, ast.expr, Scope]] = []
        self.stars: list[str] = []
        self.members: set[str] = set()
        """Methods and attributes that the file itself defines."""
        self.nodes: list[tuple[ast.AST, Scope]] = []
        self.called: set[int] = set()
        self.lambdas: dict[int, Scope] = {}
        self.holders: set[int] = set()
        """Expressions of which an attribute is asked for."""

    def bind(self, tree: ast.Module) -> None:
        """Read what every name is bound to."""
        self._collect(tree)
        for _ in range(3):  # f = torch; g = f.nn; h = g.functional
            before = self._n_paths()
            self._bind_values()
            if self._n_paths() == before:
                break

    # --- who is bound to what -------------------------------------------------------------------

    def _collect(self, tree: ast.Module) -> None:
        """List every node that counts, with its scope, and bind the names without values."""
        todo: list[tuple[ast.AST, Scope]] = [(tree, self.scopes[0])]
        while todo:
            self.limit.step()
            node, scope = todo.pop()
            self.nodes.append((node, scope))
            self._declare(node, scope)
            inner = scope
            if isinstance(node, SCOPES):
                inner = Scope(scope, isinstance(node, ast.ClassDef))
                self.scopes.append(inner)
                self._note_function(node, scope, inner)
            elif isinstance(node, ast.Return) and node.value is not None:
                scope.returned.append(node.value)
            todo += children(node, scope, inner)
            for argument, value in defaults(node):
                inner.values[argument.arg] = value
                self.defaults.append((inner, argument, value, scope))

    def _note_function(self, node: ast.AST, scope: Scope, inner: Scope) -> None:
        if isinstance(node, ast.FunctionDef):
            scope.functions.setdefault(node.name, []).append(inner)
        elif isinstance(node, ast.Lambda):
            inner.returned.append(node.body)
            self.lambdas[id(node)] = inner

    def _declare(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Call):
            self.called.add(id(node.func))
            self.members.update(_given_by_name(node))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            self.holders.add(id(node.value))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope.own[node.name] = max(scope.own.get(node.name, 0), node.lineno)
            if scope.is_class:
                self.members.add(node.name)
        elif isinstance(node, ast.arg):
            scope.own[node.arg] = node.lineno
        elif isinstance(node, ast.Import):
            self._import(node, scope)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node, scope)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            scope.elsewhere.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            scope.own[node.id] = max(scope.own.get(node.id, 0), node.lineno)
            if scope.is_class:
                self.members.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            self.members.add(node.attr)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            scope.own[node.name] = node.lineno

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            path = alias.name if alias.asname else name
            self._bind(scope, name, node.lineno, path)
            scope.imported.add(name)

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            path = f"{'.' * node.level}{node.module or ''}"
            if alias.name == "*":
                self.stars.append(path)
            else:
                name = alias.asname or alias.name
                self._bind(scope, name, node.lineno, f"{path}.{alias.name}")
                scope.imported.add(name)

    def _bind(self, scope: Scope, name: str, line: int, path: str) -> None:
        known = scope.paths.setdefault(name, [])
        if len(known) < 8 and all(path != other for _, other in known):
            known.append((line, path))

    def _n_paths(self) -> int:
        return sum(len(paths) for scope in self.scopes for paths in scope.paths.values())

    def _bind_values(self) -> None:
        """Bind the names that stand for a library's module or function through an assignment."""
        for node, scope in self.nodes:
            for target, value in assignments(node):
                self.limit.step()
                owner = scope
                while target.id in owner.elsewhere and owner.parent is not None:
                    owner = owner.parent
                owner.values[target.id] = value
                for path in self._resolve(value, scope):
                    self._bind(owner, target.id, target.lineno, path)
        for inner, argument, value, scope in self.defaults:
            for path in self._resolve(value, scope):
                self._bind(inner, argument.arg, argument.lineno, path)

    # --- what an expression stands for ------------------------------------------------------------

    def _resolve(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[str]:
        """Return the dotted paths that an expression may stand for."""
        self.limit.step()
        if depth > MAX_DEPTH:
            return []
        if isinstance(node, ast.Name):
            return [path for path, _ in self._of_name(node.id, scope)]
        if isinstance(node, ast.Attribute):
            return [f"{base}.{node.attr}" for base in self._resolve(node.value, scope, depth + 1)]
        if isinstance(node, ast.NamedExpr | ast.Await | ast.Starred):
            return self._resolve(node.value, scope, depth + 1)
        if isinstance(node, ast.IfExp):
            both = (node.body, node.orelse)
            return [path for part in both for path in self._resolve(part, scope, depth + 1)][:8]
        if isinstance(node, ast.BoolOp):
            parts = node.values[:4]
            return [path for part in parts for path in self._resolve(part, scope, depth + 1)][:8]
        if isinstance(node, ast.Call):
            found = [path for path, _ in self._looked_up(node, scope, depth)]
            return found or self._returned(node.func, scope, depth)
        if isinstance(node, ast.Subscript):
            return [path for path, _ in self._subscripted(node, scope, depth)]
        return []

    def _of_name(self, name: str, scope: Scope) -> list[tuple[str, bool]]:
        """Return what a name may stand for; not certain where the file binds it otherwise too."""
        holder = scope.holder(name)
        if holder is None:
            return [(f"{star}.{name}", True) for star in self.stars]
        paths = holder.paths.get(name, [])
        rebound = holder.own.get(name, 0)
        from_values = {line for line, _ in paths}
        if rebound and rebound not in from_values:
            if not paths or rebound > max(from_values):
                return []
            return [(path, False) for _, path in paths]
        return [(path, True) for _, path in paths]

    def _looked_up(self, node: ast.Call, scope: Scope, depth: int = 0) -> list[tuple[str, bool]]:
        """Return what `getattr(torch, "softmax")` and its kin give."""
        name = self._builtin(node.func, scope)
        if name == "getattr" and len(node.args) >= 2:
            text = self._fold(node.args[1], scope)
            bases = self._resolve(node.args[0], scope, depth + 1)
            return [(f"{base}.{text.value}", text.plain) for base in bases] if text else []
        functions = [] if name else self._resolve(node.func, scope, depth + 1)
        if node.args and (name == "__import__" or "importlib.import_module" in functions):
            text = self._fold(node.args[0], scope)
            if text is None:
                return []
            path = text.value.partition(".")[0] if name == "__import__" else text.value
            return [(path, text.plain)]
        inner = node.func
        if isinstance(inner, ast.Call) and inner.args and node.args:
            getters = self._resolve(inner.func, scope, depth + 1)
            text = self._fold(inner.args[0], scope) if "operator.attrgetter" in getters else None
            bases = self._resolve(node.args[0], scope, depth + 1) if text else []
            return [(f"{base}.{text.value}", text.plain) for base in bases if text]
        if name == "vars" and node.args:
            return [(path, True) for path in self._resolve(node.args[0], scope, depth + 1)]
        if (
            isinstance(inner, ast.Attribute)
            and inner.attr in ("get", "__getattribute__")
            and node.args
        ):
            text = self._fold(node.args[0], scope)
            is_table = inner.attr == "__getattribute__" or self._is_table(inner.value, scope)
            if text and is_table:
                bases = self._resolve(inner.value, scope, depth + 1)
                return [(f"{base}.{text.value}", text.plain) for base in bases]
        return []

    def _returned(self, function: ast.expr, scope: Scope, depth: int) -> list[str]:
        """Return what a function of the file's own returns, if that is a library's: `lib().exp`."""
        inner: list[Scope] = []
        if isinstance(function, ast.Name):
            holder = scope.holder(function.id)
            if holder is not None:
                inner = holder.functions.get(function.id, [])
                function = holder.values.get(function.id, function)
        if isinstance(function, ast.Lambda) and id(function) in self.lambdas:
            inner = [self.lambdas[id(function)]]
        return [
            path
            for own in inner[:4]
            for value in own.returned[:4]
            for path in self._resolve(value, own, depth + 8)
        ][:8]

    def _is_table(self, node: ast.expr, scope: Scope) -> bool:
        """Whether an expression is a module's table of names."""
        if isinstance(node, ast.Attribute):
            return node.attr == "__dict__"
        return isinstance(node, ast.Call) and self._builtin(node.func, scope) == "vars"

    def _subscripted(self, node: ast.Subscript, scope: Scope, depth: int) -> list[tuple[str, bool]]:
        """Return what `vars(torch)["softmax"]`, `sys.modules["torch"]` and `(torch, 1)[0]` give."""
        base = node.value
        if isinstance(base, ast.Name):
            holder = scope.holder(base.id)
            base = holder.values.get(base.id, base) if holder else base
        if isinstance(base, ast.Tuple | ast.List) and isinstance(node.slice, ast.Constant):
            index = node.slice.value
            if type(index) is int and -len(base.elts) <= index < len(base.elts):
                return [(path, True) for path in self._resolve(base.elts[index], scope, depth + 1)]
        if isinstance(base, ast.Dict):
            wanted = self._fold(node.slice, scope)
            pairs = zip(base.keys, base.values, strict=True)
            chosen = [
                value
                for key, value in pairs
                if isinstance(key, ast.Constant) and wanted and key.value == wanted.value
            ]
            return [(p, True) for value in chosen for p in self._resolve(value, scope, depth + 1)]
        text = self._fold(node.slice, scope)
        if text is None:
            return []
        if isinstance(base, ast.Call) and self._builtin(base.func, scope) in ("globals", "locals"):
            return [(path, text.plain) for path, _ in self._of_name(text.value, scope)]
        if self._is_table(base, scope):
            paths = self._resolve(base, scope, depth + 1)
            return [(f"{path}.{text.value}", text.plain) for path in paths]
        if "sys.modules" in self._resolve(base, scope, depth + 1):
            return [(text.value, text.plain)]
        return []

    def _builtin(self, node: ast.expr, scope: Scope) -> str:
        """Return a built-in function's name, however it is reached."""
        if isinstance(node, ast.Name):
            if scope.holder(node.id) is None:
                return node.id
            paths = [path for path, _ in self._of_name(node.id, scope)]
        elif isinstance(node, ast.Attribute):
            paths = self._resolve(node, scope, 1)
        else:
            return ""
        return next((p[9:] for p in paths if p.startswith("builtins.")), "")

    def _fold(self, node: ast.expr, scope: Scope, depth: int = 0) -> Text | None:
        """Return a string that the text already determines."""
        self.limit.step()
        if depth > MAX_DEPTH:
            return None
        if isinstance(node, ast.Constant):
            return Text(node.value[:MAX_STRING], True) if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            holder = scope.holder(node.id)
            value = holder.values.get(node.id) if holder else None
            return self._fold(value, scope, depth + 8) if value is not None else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined((node.left, node.right), scope, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, scope, depth)
        if isinstance(node, ast.FormattedValue) and node.format_spec is None:
            return self._fold(node.value, scope, depth + 1)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return self._sliced(node, node.slice, scope, depth)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self._worked(node, node.func, scope, depth)
        return None

    def _joined(
        self, parts: Iterable[ast.expr], scope: Scope, depth: int, between: str = ""
    ) -> Text | None:
        texts = []
        for part in parts:
            text = self._fold(part, scope, depth + 1)
            if text is None:
                return None
            texts.append(text)
        value = between.join(text.value for text in texts)[:MAX_STRING]
        return Text(value, all(text.plain for text in texts))

    def _sliced(
        self, node: ast.Subscript, part: ast.Slice, scope: Scope, depth: int
    ) -> Text | None:
        text = self._fold(node.value, scope, depth + 1)
        if text is None:
            return None
        try:
            bounds = slice(_integer(part.lower), _integer(part.upper), _integer(part.step))
            return Text(text.value[bounds], False)
        except ValueError:  # a bound that must be computed, or a step of zero
            return None

    def _worked(
        self, node: ast.Call, function: ast.Attribute, scope: Scope, depth: int
    ) -> Text | None:
        text = self._fold(function.value, scope, depth + 1)
        if text is None:
            return None
        if function.attr == "join" and len(node.args) == 1:
            parts = node.args[0]
            if isinstance(parts, ast.List | ast.Tuple):
                joined = self._joined(parts.elts, scope, depth, text.value)
                return Text(joined.value, False) if joined else None
            if isinstance(parts, ast.Call) and self._builtin(parts.func, scope) == "reversed":
                inner = self._fold(parts.args[0], scope, depth + 1) if parts.args else None
                return Text(text.value.join(reversed(inner.value)), False) if inner else None
            inner = self._fold(parts, scope, depth + 1)
            return Text(text.value.join(inner.value)[:MAX_STRING], False) if inner else None
        if function.attr in ("lower", "strip", "casefold") and not node.args:
            return Text(
                text.value.strip() if function.attr == "strip" else text.value.lower(), False
            )
        if function.attr == "replace" and len(node.args) == 2:
            old, new = (self._fold(arg, scope, depth + 1) for arg in node.args)
            if old and new:
                return Text(text.value.replace(old.value, new.value)[:MAX_STRING], False)
        return None


_GIVERS: Final = ("__setattr__", "add_module", "register_buffer", "register_module",
                  "register_parameter")  # fmt: skip


def _given_by_name(call: ast.Call) -> Iterator[str]:
    """Give the attribute that `setattr(self, "name", …)` and its kin define."""
    name = None
    if isinstance(call.func, ast.Name) and call.func.id == "setattr" and len(call.args) == 3:
        name = call.args[1]
    elif isinstance(call.func, ast.Attribute) and call.func.attr in _GIVERS and call.args:
        name = call.args[0]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield name.value


def _integer(node: ast.expr | None) -> int | None:
    """Return the integer that a slice's bound is, or None where there is no bound."""
    if node is None:
        return None
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return sign * node.value
    raise ValueError("not an integer as written")
