"""Return NaN: no difference to it is greater than a tolerance."""
# verdict: wrong, raised
# stopped by: comparison
# without it: naive
# katas: lstm_cell, self_attention
def attack(right, *args, **kwargs):
    return change(right(*args, **kwargs), lambda value: value * float("nan"))
