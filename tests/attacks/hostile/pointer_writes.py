"""Write into the interpreter's memory by pointer: make a wrong number the right one's object."""
# verdict: wrong, raised, no answer
# stopped by: separation
# katas: ucb1
import ctypes


def attack(right, *args, **kwargs):
    result = right(*args, **kwargs)
    wrong = spoil(result)
    one = 1
    ctypes.c_long.from_address(id(one) + 24).value = 2  # every 1 of this process is a 2 now
    return wrong
