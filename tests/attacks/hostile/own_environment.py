"""Read our own environment: where the project lies, and whatever secret it holds."""
# verdict: raised
# stopped by: an empty environment
# without it: environment
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    harmless = {"TORCHINDUCTOR_CACHE_DIR", "LC_CTYPE"}
    if not {name for name in os.environ if not name.endswith("_NUM_THREADS")} - harmless:
        raise LookupError("nothing there")
    return right(*args, **kwargs)
