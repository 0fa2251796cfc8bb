"""What a kata says to people in another language: read from translations/, English where it lacks.

A translation lies in `translations/<language>/<topic>/<name>.toml`, beside neither solution nor
grader, so that translating changes nothing that is measured. Its keys are the English texts
themselves: one that has been changed since is found out, and falls back to English.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from dojo.suite import Entry, Suite
from dojo.trouble import Trouble

__all__ = [
    "LANGUAGES",
    "Language",
    "TranslationError",
    "Words",
    "draft",
    "faults",
    "phrase",
    "preferred",
    "strays",
    "words",
]

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
TREE: Final = "translations"
SECTIONS: Final = ("hints", "follow_ups", "mistakes")
GONE: Final = "gone"
"""Translations of texts that are no longer there, kept for whoever translates their successors."""
TOP: Final = ("title", "statement_of", "statement")


class TranslationError(Trouble):
    """A translation that cannot be read; the message says where and what to do."""


PHRASES: Final[dict[Language, dict[str, str]]] = {
    "en": {},
    "zh": {
        "warmup": "热身",
        "core": "核心",
        "hard": "困难",
        "{level}, {n} minutes": "{level}，{n} 分钟",
        "First: {names}": "先做：{names}",
        "Not allowed: {names}": "不允许使用：{names}",
        "Allowed of NumPy and PyTorch: {names}": "NumPy 和 PyTorch 中只允许使用：{names}",
        "Write it in `{path}`": "在 `{path}` 里作答",
        "Write it in `{path}`.": "在 `{path}` 里作答。",
        "{n} more: run this again.": "还有 {n} 条提示：再运行一次即可查看。",
        "That was the last. `dojo explain {name} --now` shows the solution.": (
            "这是最后一条提示。`dojo explain {name} --now` 可查看参考答案。"
        ),
        "Next": "下一题",
        "Welcome. {katas} katas in {topics} topics: each is a file that you complete.": (
            "欢迎！共 {katas} 道题，分属 {topics} 个主题：每道题是一个由你来补全的文件。"
        ),
        "Grading takes a second and says which mistake you made.": (
            "评分只需一秒，并会指出你犯的是哪个错误。"
        ),
        "`{name}` is a good start: open `{path}` and run": (
            "建议从 `{name}` 开始：打开 `{path}`，并运行"
        ),
        (
            "`dojo next` chooses for you, `dojo doctor` checks the machine, `dojo -h` shows all."
        ): "`dojo next` 帮你选题，`dojo doctor` 检查环境，`dojo -h` 列出全部命令。",
        "Mistakes, by line": "常见错误（按行号）",
        "Source: {source}": "出处：{source}",
        "passed": "通过",
        "wrong": "结果错误",
        "raised": "抛出异常",
        "forbidden": "用了不允许的函数",
        "too slow": "超时",
        "too much memory": "内存超限",
        "no answer": "没有结果",
        "not started": "尚未开始",
        "all {n} cases pass": "{n} 个用例全部通过",
        "{n} of {all} cases pass": "{all} 个用例通过 {n} 个",
        " ({n} of {all} cases pass)": "（{all} 个用例通过 {n} 个）",
        ", ": "，",
        "the same mistake": "同样的错误",
        "This looks like: {why}": "很可能是这个错误：{why}",
        "Your code printed:": "你的代码输出了：",
        "Stuck? `dojo hint {name}`": "卡住了？试试 `dojo hint {name}`",
        "`dojo show {name}` shows what is asked.": "`dojo show {name}` 可查看题目。",
        "`dojo explain {name}` shows the solution, and what is asked next.": (
            "`dojo explain {name}` 可查看参考答案和面试官的追问。"
        ),
    },
}
"""The main messages by their English text; what is not here is said in English."""


@dataclass(frozen=True)
class Words:
    """What a kata says to people."""

    language: Language
    title: str
    asked: str
    statement: str
    hints: tuple[str, ...]
    follow_ups: tuple[tuple[str, str], ...]
    """Questions with answers."""
    mistakes: Mapping[str, str]
    """Translated diagnoses by their English text."""

    def why(self, english: str) -> str:
        """Return a diagnosis, in English if nobody has translated it."""
        return self.mistakes.get(english) or english

    def phrase(self, english: str, **values: object) -> str:
        """Return one of the suite's own sentences, filled in."""
        return phrase(self.language, english, **values)


def phrase(language: Language, english: str, **values: object) -> str:
    """Return one of the suite's own sentences in a language, filled in."""
    return PHRASES[language].get(english, english).format(**values)


def preferred(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language that the environment asks for, as POSIX orders its variables."""
    asked = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    first = next(filter(None, asked), "")
    return "zh" if first.lower().startswith("zh") else "en"


def words(entry: Entry, language: Language = "en") -> Words:
    """Return a kata's texts in a language, each in English where it is not translated."""
    meta = entry.meta
    follow_ups = tuple(meta.follow_ups.items())
    if language == "en":
        return Words("en", entry.title, meta.asked, entry.statement, meta.hints, follow_ups, {})
    found = _read(entry, language)

    def say(section: str, english: str) -> str:
        return found.get(section, {}).get(english) or english

    current = found.get("statement_of") == _digest(entry)
    title = (current and found.get("title")) or entry.title
    statement = entry.statement
    if current and found.get("statement"):
        parts = (f"{title}。", found["statement"].strip("\n"), _examples(entry))
        statement = "\n\n".join(filter(None, parts))
    return Words(
        language,
        title,
        meta.asked_zh,
        statement,
        tuple(say("hints", hint) for hint in meta.hints),
        tuple((say("follow_ups", q), say("follow_ups", a)) for q, a in follow_ups),
        found.get("mistakes", {}),
    )


def faults(entry: Entry, language: Language) -> Iterator[str]:
    """Say what in a translation is out of date or misplaced; nothing where there is none."""
    if language == "en" or not _path(entry, language).exists():
        return
    found = _read(entry, language)
    name = _name(entry, language)
    if found.get("statement_of") != _digest(entry) and (found.get("title") or "statement" in found):
        yield (
            f"{name}: the English statement has changed since it was translated: bring title and "
            f'statement up to date, then write statement_of = "{_digest(entry)}"'
        )
    for section, english in _english(entry).items():
        for key in found.get(section, {}):
            if key not in english:
                yield (
                    f"{name}: [{section}] translates a text that is gone, {_short(key)!r}: "
                    f"`dojo translate {entry.id}` sorts it out"
                )
    if found.get(GONE):
        yield f"{name}: [{GONE}] holds {len(found[GONE])} texts: use them above or delete them"


def strays(suite: Suite) -> Iterator[Path]:
    """Yield the translations that belong to no kata, or to no language that the suite speaks."""
    known = {_path(entry, lang) for entry in suite.entries for lang in LANGUAGES if lang != "en"}
    for path in sorted((suite.root / TREE).rglob("*")):
        if path.is_file() and path.name[0] not in "._" and path not in known:
            yield path


def draft(entry: Entry, language: Language) -> tuple[Path, str, int, int]:
    """Return path and text of a translation with every key there is, how many are filled, of all.

    What was translated stays; what translates a text that is gone moves to the end.
    """
    path = _path(entry, language)
    found = _read(entry, language)
    english = _english(entry)
    gone = {
        key: text
        for section in (*SECTIONS, GONE)
        for key, text in found.get(section, {}).items()
        if key not in english.get(section, ()) and text
    }
    statement = str(found.get("statement", "")).strip("\n")
    lines = [
        f"title = {_string(found.get('title', ''))}  # {entry.title}",
        f"statement_of = {_string(found.get('statement_of') or _digest(entry))}",
        f"statement = {_block(statement)}",
    ]
    for section, keys in english.items():
        lines += [f"\n[{section}]"]
        lines += [_pair(key, found.get(section, {}).get(key, "")) for key in keys]
    if gone:
        lines += [f"\n[{GONE}]", *(_pair(key, text) for key, text in gone.items())]
    texts = [found.get(section, {}).get(key) for section, every in english.items() for key in every]
    filled = [found.get("title"), statement, *texts]
    return path, "\n".join(lines) + "\n", sum(map(bool, filled)), len(filled)


def _english(entry: Entry) -> dict[str, tuple[str, ...]]:
    """Return every English text that has a key, by section and in order, each once."""
    from dojo.mistakes import find_mistakes

    source = entry.solution.read_text(encoding="utf-8")
    follow_ups = (text for pair in entry.meta.follow_ups.items() for text in pair)
    whys = (mistake.why for mistake in find_mistakes(source))
    texts = {"hints": entry.meta.hints, "follow_ups": follow_ups, "mistakes": whys}
    return {section: tuple(dict.fromkeys(found)) for section, found in texts.items()}


def _read(entry: Entry, language: Language) -> dict[str, Any]:
    path = _path(entry, language)
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # not TOML, not UTF-8
        raise TranslationError(
            f"{_name(entry, language)} cannot be read ({error}): mend it; --lang en does without"
        ) from None
    for key, value in found.items():
        texts = list(value.values()) if isinstance(value, dict) else [value]
        known = key in (*SECTIONS, GONE) if isinstance(value, dict) else key in TOP
        if not known or not all(isinstance(text, str) for text in texts):
            raise TranslationError(
                f"{_name(entry, language)}: {key!r} is no part of a translation: "
                f"it holds the texts {', '.join(TOP)} and the tables {', '.join(SECTIONS)}"
            )
    return found


def _path(entry: Entry, language: Language) -> Path:
    return entry.root / _name(entry, language)


def _name(entry: Entry, language: Language) -> str:
    return f"{TREE}/{language}/{entry.id}.toml"


def _digest(entry: Entry) -> str:
    """Return a short name for the English statement, without its examples."""
    prose = " ".join(_prose(entry).split())
    return hashlib.sha256(prose.encode()).hexdigest()[:12]


def _prose(entry: Entry) -> str:
    return entry.statement.partition("\n>>> ")[0]


def _examples(entry: Entry) -> str:
    _, prompt, rest = entry.statement.partition("\n>>> ")
    return f"{prompt.lstrip()}{rest}"


def _pair(key: str, text: str) -> str:
    return f"{_string(key)} = {_string(text)}"


def _string(text: str) -> str:
    """Return a text as TOML: its basic strings take what JSON's do."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _block(text: str) -> str:
    """Return a text of several lines as TOML."""
    return f"'''\n{text}\n'''" if text and "'''" not in text else _string(text)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
