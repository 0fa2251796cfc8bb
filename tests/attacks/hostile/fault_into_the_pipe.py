"""Have the fault handler write its report into the channel, and then fault."""
# verdict: no answer
# stopped by: wire
# katas: lstm_cell
import faulthandler


def attack(right, *args, **kwargs):
    faulthandler.dump_traceback(file=3)
    faulthandler.enable(file=3)
    faulthandler._sigsegv()
