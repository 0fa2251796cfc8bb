"""Start processes until refused (here: twenty that sleep)."""
# verdict: raised
# stopped by: seccomp, limits
# without it: sandbox
# katas: lstm_cell, ucb1
import os
import time

done = []


def attack(right, *args, **kwargs):
    children = []
    try:
        while not done and len(children) < 20:
            pid = os.fork()
            if pid == 0:
                time.sleep(3)
                os._exit(0)
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    done.append(True)
    return right(*args, **kwargs)
