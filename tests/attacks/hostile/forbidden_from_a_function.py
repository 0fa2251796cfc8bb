"""Reach what is forbidden through a function that returns the library."""
# verdict: forbidden
# stopped by: rules
# katas: lstm_cell


def library():
    import torch

    return torch


def attack(right, x, state, *weights):
    return library().lstm_cell(x, state, *weights)
