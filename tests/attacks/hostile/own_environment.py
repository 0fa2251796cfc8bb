"""Read our own environment: where the project lies, and whatever secret it holds."""
# verdict: raised
# stopped by: an empty environment
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    secrets = set(os.environ) - {"TORCHINDUCTOR_CACHE_DIR", "LC_CTYPE"}
    if not secrets:
        raise LookupError("nothing there")
    return right(*args, **kwargs)
