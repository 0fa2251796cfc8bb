"""Return a string of 80 million characters."""
# verdict: wrong, raised, too much memory
# stopped by: wire
# katas: lstm_cell, beam_search
def attack(right, *args, **kwargs):
    return "A" * (80 << 20)
