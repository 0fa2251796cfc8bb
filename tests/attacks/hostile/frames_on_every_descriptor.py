"""Write a frame that says all is well to every descriptor, then leave."""
# verdict: no answer
# stopped by: wire
import json
import os


def attack(right, *args, **kwargs):
    text = json.dumps({"type": "observed", "verdict": "passed"}).encode()
    for fd in range(3, 256):
        try:
            os.write(fd, len(text).to_bytes(8, "little") + text)
        except OSError:
            continue
    os._exit(0)
