"""Read where nothing is."""
# verdict: no answer
# stopped by: separation
# katas: lstm_cell, beam_search
import ctypes


def attack(right, *args, **kwargs):
    return ctypes.string_at(0)
