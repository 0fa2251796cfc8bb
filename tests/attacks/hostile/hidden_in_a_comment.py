# coding: unicode_escape
"""Hide a line in a comment: read from a file, an escape would end it."""
# verdict: wrong, raised
# stopped by: what is read is what runs
# without it: one text
# katas: lstm_cell
# \u000atorch_answer = True


def attack(right, *args, **kwargs):
    result = right(*args, **kwargs)
    return result if "torch_answer" in globals() else spoil(result)
