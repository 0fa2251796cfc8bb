"""Raise errors of one's own whose class has the name of a built-in one, everywhere."""
# verdict: raised
# stopped by: separation
# katas: beam_search, ucb1
def attack(right, *args, **kwargs):
    raise type("ValueError", (BaseException,), {"__module__": "builtins"})("LEAK 77000")
