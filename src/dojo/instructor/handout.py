"""What students get in every release that is made of files: stubs, statements, a self-check."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dojo import syntax
from dojo.instructor import selfcheck
from dojo.instructor.assignment import Assignment, LateRule, Part
from dojo.instructor.release import MANIFEST, describe
from dojo.instructor.statement import examples
from dojo.instructor.versions import stamp
from dojo.rules import equivalents
from dojo.stubs import derive, public_names
from dojo.suite import Entry
from dojo.translations import words as words_of

__all__ = ["filenames", "late_words", "portable", "readme", "stub", "write_handout"]

CHECK: Final = "check.py"
RESERVED: Final = (CHECK, "torch.py", "numpy.py", "math.py")

WORDS: Final = {
    "en": {
        "due": "Due",
        "no_due": "There is no due date.",
        "points": "points",
        "file": "file",
        "question": "question",
        "all": "all together",
        "late": "Late work",
        "late_all": "Late work keeps its points.",
        "late_lost": "loses {lost} of its points for each day begun",
        "late_grace": "up to {grace} minutes after the due date it counts as in time",
        "late_days": "after {days} days it earns nothing",
        "how": "How to work",
        "how_open": "Write your code in the files of the table, in place of every "
        "`raise NotImplementedError`. Helpers and imports are yours; the names that are there, "
        "and the comment in the first line, stay.",
        "how_check": "`python check.py` looks at names and signatures and runs the examples. It "
        "needs Python, NumPy and torch. The cases that count are others, and are not in here.",
        "how_hand_in": "Hand in the files of the table, under their names: one by one or as a zip.",
        "rules": "Inputs stay as they are: work on a copy.",
        "forbids": "Not allowed, since it would be the whole exercise: {names}, and what does the "
        "same under another name.",
        "only": "Of NumPy and PyTorch this may be used, and nothing else: {names}.",
        "shown": "Among the cases that count are these, of which you will see the details:",
        "version": "Version {version} of {name}.",
    },
    "zh": {
        "due": "截止时间",
        "no_due": "没有截止时间。",
        "points": "分值",
        "file": "文件",
        "question": "题目",
        "all": "合计",
        "late": "迟交",
        "late_all": "迟交不扣分。",
        "late_lost": "每迟交一天（不足一天按一天计）扣去 {lost} 的得分",
        "late_grace": "截止后 {grace} 分钟内仍算按时",
        "late_days": "超过 {days} 天不计分",
        "how": "怎样完成",
        "how_open": "在表中的文件里写代码，替换每一处 `raise NotImplementedError`。"
        "可以自由添加辅助函数和 import；已有的名称和第一行的注释请保留。",
        "how_check": "`python check.py` 会检查名称与签名，并运行题目中的示例；"
        "只需要 Python、NumPy 和 torch。评分所用的测试另有其他，不公开。",
        "how_hand_in": "提交表中的文件，保持文件名不变：可以逐个提交，也可以打包成 zip。",
        "rules": "不要改动输入：请在副本上操作。",
        "forbids": "不允许使用（否则题目就没有意义了）：{names}，以及其他名称下的同类功能。",
        "only": "NumPy 和 PyTorch 中只允许使用：{names}。",
        "shown": "评分的测试中有以下几项，其细节会向你公开：",
        "version": "{name} 的版本：{version}。",
    },
}


def filenames(assignment: Assignment) -> dict[str, str]:
    """Return the file of each kata in a release: its name, with the topic where two share one."""
    names = Counter(entry.name for entry in assignment.entries)
    return {
        entry.id: (
            f"{entry.name}.py"
            if names[entry.name] == 1 and f"{entry.name}.py" not in RESERVED
            else f"{entry.topic}_{entry.name}.py"
        )
        for entry in assignment.entries
    }


def stub(assignment: Assignment, entry: Entry) -> str:
    """Return a kata's stub as it is released: it says its version, and needs no jaxtyping."""
    text = portable(derive(entry.solution.read_text(encoding="utf-8")))
    return f"{stamp(assignment, entry.id)}\n{text}"


def portable(text: str) -> str:
    """Return a stub that runs where jaxtyping is not installed, if only annotations use it."""
    tree = syntax.parse(text)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    shapes = [node for node in imports if _module(node) == "jaxtyping"]
    names = {alias.asname or alias.name for node in shapes for alias in node.names}
    if not shapes or names & set(_used_when_run(tree)):
        return text
    lines = text.splitlines()
    first, last = imports[0].lineno - 1, imports[-1].end_lineno or 0
    if any(first < node.lineno <= last for node in tree.body if node not in imports):
        return text  # something stands between the imports, and may need them

    def written(kind: str) -> list[str]:
        chosen = [node for node in imports if _kind(node) == kind]
        return [line for node in chosen for line in lines[node.lineno - 1 : node.end_lineno]]

    block = [
        *(written("future") or ["from __future__ import annotations"]),
        "",
        *written("standard"),
        "from typing import TYPE_CHECKING",
        *(["", *others] if (others := written("other")) else []),
        "",
        "if TYPE_CHECKING:  # Shapes in signatures are for readers: nothing has to be installed.",
        *(f"    {line}" for line in written("shapes")),
    ]
    return "\n".join((*lines[:first], *block, *lines[last:])) + "\n"


def _kind(node: ast.Import | ast.ImportFrom) -> str:
    module = _module(node)
    if module in ("__future__", "jaxtyping"):
        return {"__future__": "future", "jaxtyping": "shapes"}[module]
    return "standard" if module in sys.stdlib_module_names else "other"


def _module(node: ast.Import | ast.ImportFrom) -> str:
    name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
    return (name or "").partition(".")[0]


def _used_when_run(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module looks up, those in annotations left aside."""
    queue: list[ast.AST] = [tree]
    for node in queue:  # grows
        if isinstance(node, ast.Name):
            yield node.id
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns"):
                parts = value if isinstance(value, list) else [value]
                queue.extend(part for part in parts if isinstance(part, ast.AST))


def write_handout(assignment: Assignment, folder: Path, target: str) -> None:
    """Write stubs, statements, self-check and `release.json` into a folder."""
    names = filenames(assignment)
    for entry in assignment.entries:
        (folder / names[entry.id]).write_text(stub(assignment, entry), encoding="utf-8")
    (folder / "README.md").write_text(readme(assignment), encoding="utf-8")
    check = Path(selfcheck.__file__).read_text(encoding="utf-8")
    (folder / CHECK).write_text(check, encoding="utf-8")
    said = describe(assignment, target)
    said["katas"] = [
        {**kata, "file": names[kata["id"]], **_interface(assignment.entry(kata["id"]))}
        for kata in said["katas"]
    ]
    text = json.dumps(said, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def _interface(entry: Entry) -> dict[str, Any]:
    """Return what the self-check has to know of a kata, all of which its stub shows."""
    solution = entry.solution.read_text(encoding="utf-8")
    tree = syntax.parse(derive(solution))
    lines = [
        ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and getattr(node, "module", "") not in ("__future__", "jaxtyping")
    ]
    docs = [
        ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    return {
        "names": public_names(solution),
        "imports": lines,
        "examples": "\n".join(filter(None, map(examples, docs))),
        "forbidden": sorted(equivalents(entry.meta.forbids, entry.meta.allows)),
    }


def readme(assignment: Assignment) -> str:
    """Return the page of an assignment: what, until when, how, and every statement."""
    words = WORDS[assignment.language]
    names = filenames(assignment)
    due = assignment.due
    rows = [
        f"| [{name}]({name}) | {part.points:g} | {_asked(assignment, entry)} |"
        for entry, part in zip(assignment.entries, assignment.parts, strict=True)
        for name in [names[entry.id]]
    ]
    head = [
        f"# {assignment.title}",
        f"**{words['due']}: {due:%Y-%m-%d %H:%M} ({due:%Z})**" if due else words["no_due"],
        late_words(assignment) if due else "",
        "\n".join(
            (
                f"| {words['file']} | {words['points']} | {words['question']} |",
                "| --- | --- | --- |",
                *rows,
                f"| {words['all']} | {assignment.points:g} | |",
            )
        ),
        f"## {words['how']}",
        "\n".join(
            f"{number}. {words[key]}"
            for number, key in enumerate(("how_open", "how_check", "how_hand_in", "rules"), 1)
        ),
    ]
    pages = [
        _page(assignment, entry, part, names[entry.id])
        for entry, part in zip(assignment.entries, assignment.parts, strict=True)
    ]
    foot = words["version"].format(version=assignment.version, name=assignment.name)
    return "\n\n".join(block for block in (*head, *pages, "---", foot) if block) + "\n"


def late_words(assignment: Assignment) -> str:
    """Say the late rule in a sentence of the assignment's language."""
    rule, words = assignment.late, WORDS[assignment.language]
    if rule == LateRule(rule.grace_minutes):
        return words["late_all"]
    said = {
        "late_lost": bool(rule.lost_per_day),
        "late_days": rule.days is not None,
        "late_grace": bool(rule.grace_minutes),
    }
    values = {
        "lost": f"{100 * rule.lost_per_day:.4g} %",
        "grace": f"{rule.grace_minutes:g}",
        "days": f"{rule.days:g}" if rule.days is not None else "",
    }
    parts = [words[key].format(**values) for key, needed in said.items() if needed]
    if assignment.language == "zh":
        return f"{words['late']}：{'；'.join(parts)}。"
    return f"{words['late']} {'; '.join(parts)}."


def _asked(assignment: Assignment, entry: Entry) -> str:
    return words_of(entry, assignment.language).asked.replace("|", "\\|")


def _page(assignment: Assignment, entry: Entry, part: Part, filename: str) -> str:
    words = WORDS[assignment.language]
    said = words_of(entry, assignment.language)
    _, _, body = said.statement.partition("\n\n")
    notes = []
    if entry.meta.forbids:
        names = ", ".join(f"`{name}`" for name in entry.meta.forbids)
        notes.append(words["forbids"].format(names=names))
    if entry.meta.only:
        names = ", ".join(f"`{name}`" for name in entry.meta.only)
        notes.append(words["only"].format(names=names))
    titles = dict.fromkeys(case.title for case in assignment.shown_cases(part))
    if titles:
        notes.append("\n".join((words["shown"], "", *(f"- {title}" for title in titles))))
    heading = f"## {said.title} ({part.points:g}, `{filename}`)"
    return "\n\n".join((heading, said.asked, _markdown(body), *notes))


def _markdown(statement: str) -> str:
    """Return a statement as Markdown that also reads well as it stands: examples get a fence."""
    blocks = re.split(r"\n{2,}", statement.strip("\n"))
    return "\n\n".join(
        f"```python\n{block}\n```" if block.startswith(">>> ") else block for block in blocks
    )
