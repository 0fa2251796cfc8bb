"""Start another program."""
# verdict: raised
# stopped by: seccomp, landlock
# without it: sandbox
# katas: lstm_cell, ucb1
import subprocess


def attack(right, *args, **kwargs):
    subprocess.run(["/bin/echo", "RESULT PASS"], check=True)
    return right(*args, **kwargs)
