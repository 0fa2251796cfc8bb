"""Put the hidden inputs, and an escape sequence, into the name of an unwritten function."""
# verdict: raised, not started
# stopped by: silent summaries
# katas: lstm_cell
def unwritten():
    raise NotImplementedError


def attack(right, *args, **kwargs):
    name = f"\x1b[2JLEAK {args}"[:70]
    unwritten.__code__ = unwritten.__code__.replace(co_qualname=name, co_name=name)
    unwritten()
