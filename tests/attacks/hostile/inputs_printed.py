"""Print the hidden inputs; where tests are hidden, so is what is printed."""
# verdict: wrong, raised
# stopped by: silent summaries
# katas: lstm_cell, ucb1
def attack(right, *args, **kwargs):
    print("LEAK", args)
    return spoil(right(*args, **kwargs))
