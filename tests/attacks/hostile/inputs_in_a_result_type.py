"""Put the hidden inputs into the name of the class that is returned."""
# verdict: wrong, raised
# stopped by: silent summaries
# katas: lstm_cell, beam_search
def attack(right, *args, **kwargs):
    return type(f"LEAK\x1b[2J {args}"[:75], (), {})()
