"""Keep a note in the kernel's keyring."""
# verdict: raised
# stopped by: seccomp
# katas: lstm_cell
import ctypes


def attack(right, *args, **kwargs):
    libc = ctypes.CDLL(None, use_errno=True)
    number = {8: 248}[ctypes.sizeof(ctypes.c_void_p)]
    if libc.syscall(number, b"user", b"note", b"hidden", 6, -3) < 0:
        raise OSError(ctypes.get_errno(), "add_key")
    return right(*args, **kwargs)
