"""Overwrite the input, and give what would be right for the new one."""
# verdict: wrong, raised
# stopped by: separation
# without it: naive
# katas: lstm_cell, self_attention, beam_search
def attack(right, *args, **kwargs):
    for value in args:
        if hasattr(value, "zero_"):
            value.detach().zero_()
        elif isinstance(value, list):
            value.clear()
    return right(*args, **kwargs)
