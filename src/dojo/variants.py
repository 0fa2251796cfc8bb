"""Built-in mistakes: ways to go wrong that need no `# ✗` line, appended to any solution."""

from __future__ import annotations

from typing import Final

__all__ = ["VARIANTS"]

WRAP: Final = """

def _spoil_everything(spoil):
    import functools, inspect

    def tree(value):
        if isinstance(value, dict):
            return {key: tree(item) for key, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(map(tree, value))
        return spoil(value)

    def wrap(function):
        @functools.wraps(function)
        def spoilt(*args, **kwargs):
            return tree(function(*args, **kwargs))
        return spoilt

    for name, thing in list(globals().items()):
        if name.startswith("_") or getattr(thing, "__module__", None) != __name__:
            continue
        if inspect.isfunction(thing):
            globals()[name] = wrap(thing)
        elif inspect.isclass(thing):
            for method, inner in list(vars(thing).items()):
                if inspect.isfunction(inner) and (method == "__call__" or method[0] != "_"):
                    setattr(thing, method, wrap(inner))

"""

VARIANTS: Final = {
    "returned detached": WRAP
    + "_spoil_everything(lambda x: x.detach() if hasattr(x, 'detach') else x)\n",
    "float32 forced": WRAP
    + """
def _through_float32(x):
    if hasattr(x, "detach") and x.is_floating_point():
        return x.float().to(x.dtype)
    if hasattr(x, "astype") and getattr(x, "dtype", None) is not None and x.dtype.kind == "f":
        return x.astype("float32").astype(x.dtype)
    return x
_spoil_everything(_through_float32)
""",
    "made on another device": WRAP
    + """
def _on_the_cpu(x):
    import sys
    return sys.modules["torch"].zeros(x.shape, dtype=x.dtype) if hasattr(x, "is_meta") else x
_spoil_everything(_on_the_cpu)
""",
}
"""What is appended to a solution, by name."""
