"""Catch the signals by which a process ends, and go on without end."""
# verdict: too slow
# stopped by: deadline
# katas: lstm_cell
import signal
import time

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU, signal.SIGPIPE, signal.SIGHUP):
    signal.signal(number, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))


def attack(right, *args, **kwargs):
    while True:
        signal.raise_signal(signal.SIGTERM)
        time.sleep(0.01)
