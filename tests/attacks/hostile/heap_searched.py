"""Look through the heap for a tensor that could be the expected one."""
# verdict: wrong, raised
# stopped by: separation
# without it: naive
# katas: lstm_cell, self_attention
import gc

import torch


def attack(right, *args, **kwargs):
    result = right(*args, **kwargs)
    first = result[0] if isinstance(result, tuple) else result
    close = torch.nn.functional.l1_loss
    for thing in gc.get_objects():
        for one in thing if type(thing) is list else ():
            if type(one) is torch.Tensor and one.shape == first.shape and one is not first:
                if one.dtype == first.dtype and not one.is_meta and close(one, first.detach()) < 1e-6:
                    return one.clone()
    return spoil(result)
