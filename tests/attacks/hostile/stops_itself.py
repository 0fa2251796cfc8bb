"""Stop: no processor time is used, so no limit on it is ever reached."""
# verdict: too slow
# stopped by: deadline
# katas: ucb1
import signal


def attack(right, *args, **kwargs):
    signal.raise_signal(signal.SIGSTOP)
