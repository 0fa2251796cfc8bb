"""Put the hidden inputs into the name of an exception's class."""
# verdict: raised
# stopped by: silent summaries
# katas: lstm_cell, ucb1
def attack(right, *args, **kwargs):
    raise type("LEAK" + "".join(c for c in str(args) if c.isalnum())[:50], (Exception,), {})
