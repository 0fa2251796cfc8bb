"""Put the hidden inputs into the number of a line that the file does not have."""
# verdict: raised
# stopped by: silent summaries
# katas: lstm_cell
def fails():
    raise KeyError


def attack(right, *args, **kwargs):
    fails.__code__ = fails.__code__.replace(co_firstlineno=77_000_000)
    fails()
