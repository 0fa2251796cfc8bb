"""Places in a file that use what is forbidden, and the libraries that always are."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Use", "foreign", "lines_of", "written"]

WIDTH: Final = 60
SOLVERS: Final = frozenset(
    {
        "accelerate", "allennlp", "bitsandbytes", "cupy", "dask", "datasets", "deepspeed", "dgl",
        "diffusers", "dojo", "evaluate", "faiss", "fairseq", "flash_attn", "flax", "gensim", "gym",
        "gymnasium", "haiku", "jax", "keras", "langchain", "lightgbm", "lightning", "mxnet", "nltk",
        "numba", "onnx", "onnxruntime", "optax", "pandas", "peft", "pytorch_lightning",
        "rouge_score", "sacrebleu", "scipy", "sentence_transformers", "sentencepiece", "seqeval",
        "skimage", "sklearn", "spacy", "statsmodels", "tensorflow", "tiktoken", "timm",
        "tokenizers", "torch_geometric", "torchaudio", "torchcrf", "torchmetrics", "torchtext",
        "torchvision", "transformers", "triton", "trl", "vllm", "xformers", "xgboost",
    }
)  # fmt: skip
"""Libraries that do whole exercises. These and all others are not there when an answer runs."""
_FORGIVING: Final = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


@dataclass(frozen=True)
class Use:
    """A place in a file that uses what is forbidden, or may do so."""

    line: int
    name: str
    """The forbidden public name; empty where it cannot be told which one."""
    how: str
    """The text as written, short and printable."""
    certain: bool
    path: str = ""
    """What the text itself names, if it is another name for the same."""
    kind: Literal["forbidden", "foreign", "unlisted"] = "forbidden"
    """Forbidden by the kata, a library that no answer may use, or not among all that is allowed."""


def lines_of(source: str) -> list[str]:
    """Split a text where Python does."""
    return re.split(r"\r\n|\r|\n", source)


def foreign(tree: ast.Module, source: str, step: Callable[[], None]) -> Iterator[Use]:
    """Give the imports of libraries that do whole exercises; not certain if they may fail."""
    lines = lines_of(source)
    todo: list[tuple[ast.AST, bool]] = [(tree, False)]
    while todo:
        node, is_tried = todo.pop()
        step()
        inside = is_tried or _forgives(node)
        for name, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            tried = inside if name == "body" else is_tried
            todo += ((part, tried) for part in parts if isinstance(part, ast.AST))
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
        else:
            continue
        for top in dict.fromkeys(module.partition(".")[0] for module in modules):
            if top in SOLVERS:
                yield Use(node.lineno, top, written(node, lines), not is_tried, kind="foreign")


def _forgives(node: ast.AST) -> bool:
    """Whether a node is a `try` whose handlers may take a failed import."""
    return isinstance(node, ast.Try) and any(
        handler.type is None or any(f"'{name}'" in ast.dump(handler.type) for name in _FORGIVING)
        for handler in node.handlers
    )


def written(node: ast.AST, lines: Sequence[str]) -> str:
    """Return the node's text, or its beginning, as one printable line."""
    line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
    if not 0 < line <= len(lines):
        return ""
    data = lines[line - 1].encode("utf-8", "replace")
    stop = node.end_col_offset if end == line else len(data)  # type: ignore[attr-defined]
    start = getattr(node, "col_offset", 0)
    text = data[start : min(stop, start + 4 * WIDTH)].decode("utf-8", "replace")
    flat = "".join(c if c.isprintable() else " " for c in text).strip()
    return flat if len(flat) <= WIDTH else flat[: WIDTH - 1] + "…"
