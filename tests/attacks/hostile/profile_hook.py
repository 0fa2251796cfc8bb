"""Watch every call of the engine's, and change its arguments on the way."""
# verdict: wrong, raised, no answer
# stopped by: separation
# katas: lstm_cell
import sys


def meddle(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "encode":
        for name, value in list(frame.f_locals.items()):
            if hasattr(value, "zero_"):
                value.detach().zero_()
            elif isinstance(value, list):
                value.clear()


def attack(right, *args, **kwargs):
    sys.setprofile(meddle)
    return spoil(right(*args, **kwargs))
