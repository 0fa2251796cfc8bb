"""Ask a server for the answer."""
# verdict: raised
# stopped by: seccomp, landlock
# without it: sandbox
import socket

PORT = 47613


def attack(right, *args, **kwargs):
    with socket.create_connection(("127.0.0.1", PORT), 1) as server:
        server.sendall(b"what is it?")
    return right(*args, **kwargs)
