"""Send the inputs out in a datagram, which needs no connection."""
# verdict: raised
# stopped by: seccomp
# without it: sandbox
# katas: lstm_cell
import socket

PORT = 47613


def attack(right, *args, **kwargs):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"hidden input 0", ("127.0.0.1", PORT))
    return right(*args, **kwargs)
