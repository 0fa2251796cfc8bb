"""Never come back, and swallow every exception on the way."""
# verdict: too slow
# stopped by: deadline
# katas: beam_search
import signal

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)


def attack(right, *args, **kwargs):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
