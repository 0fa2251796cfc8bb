"""Talk to another process of this machine over a socket without a file."""
# verdict: raised
# stopped by: seccomp, landlock
# without it: sandbox
# katas: lstm_cell
import socket

PORT = 47613


def attack(right, *args, **kwargs):
    with socket.socket(socket.AF_UNIX) as out:
        out.connect(f"\0attack-{PORT}")
    return right(*args, **kwargs)
