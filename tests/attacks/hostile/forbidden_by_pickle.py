"""Let a pickle name the forbidden function."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import pickle

import torch  # noqa: F401

cell = pickle.loads(b"ctorch\nlst" + b"m_cell\n.")


def attack(right, x, state, *weights):
    return cell(x, state, *weights)
