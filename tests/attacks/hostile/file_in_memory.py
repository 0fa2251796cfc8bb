"""Make a file that lies in no folder, to run it or to pass it on."""
# verdict: raised
# stopped by: seccomp
# without it: sandbox
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    os.close(os.memfd_create("program"))
    return right(*args, **kwargs)
