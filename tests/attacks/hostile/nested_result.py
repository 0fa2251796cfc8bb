"""Return a list nested ten thousand deep, and one that holds itself."""
# verdict: wrong, raised
# stopped by: wire
# katas: lstm_cell, beam_search
def attack(right, *args, **kwargs):
    deep = []
    for _ in range(10_000):
        deep = [deep]
    ring = []
    ring.append(ring)
    return (deep, ring)
