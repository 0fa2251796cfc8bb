"""Return a string of 68 million characters."""
# verdict: wrong, raised, too much memory, too slow
# stopped by: wire
# katas: lstm_cell
def attack(right, *args, **kwargs):
    return "A" * (65 << 20)
