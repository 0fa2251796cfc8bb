"""Return a dict with a million keys."""
# verdict: wrong, raised, too slow, too much memory
# stopped by: wire, deadline
# katas: lstm_cell
def attack(right, *args, **kwargs):
    return {f"k{i}": i for i in range(1_000_000)}
