"""Leave a file for the next answer, wherever it may be."""
# verdict: raised
# stopped by: landlock, limits
# without it: sandbox
import os

FOLDER = "/nowhere"


def attack(right, *args, **kwargs):
    for folder in (FOLDER, ".", "/dev/shm", os.path.expanduser("~")):
        try:
            with open(os.path.join(folder, "left-by-an-answer"), "a", encoding="utf-8") as file:
                file.write("hidden input 0: …")
            return right(*args, **kwargs)
        except OSError:
            continue
    raise RuntimeError("no place")
