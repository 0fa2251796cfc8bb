"""Set an alarm that interrupts the engine after our result."""
# verdict: raised
# stopped by: seccomp
# without it: sandbox
# katas: lstm_cell
import signal


def attack(right, *args, **kwargs):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    return right(*args, **kwargs)
