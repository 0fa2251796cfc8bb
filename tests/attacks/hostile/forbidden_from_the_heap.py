"""Ask the collector what a module refers to, and find the forbidden function there."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import gc

import torch

cell = gc.get_referents(torch)[0]["lstm" + "_cell"]


def attack(right, x, state, *weights):
    return cell(x, state, *weights)
