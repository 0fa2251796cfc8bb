"""Return nothing in a shape that broadcasts: all of no differences are small."""
# verdict: wrong, raised
# stopped by: comparison
# without it: naive
# katas: lstm_cell, self_attention
def attack(right, *args, **kwargs):
    return change(right(*args, **kwargs), lambda value: value.new_empty(0, 1, value.shape[-1]))
