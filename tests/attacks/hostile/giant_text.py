"""Return a string of 200 million characters."""
# verdict: wrong, raised
# stopped by: wire
# katas: lstm_cell, beam_search
def attack(right, *args, **kwargs):
    return "A" * (200 << 20)
