"""Raise an exception with 50 million characters of text, of a class with a million in its name."""
# verdict: raised, too slow, too much memory
# stopped by: cleaned text
# katas: lstm_cell
Giant = type("X" * (1 << 20), (Exception,), {"__str__": lambda self: "<b>" * (16 << 20)})


def attack(right, *args, **kwargs):
    raise Giant
