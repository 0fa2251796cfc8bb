"""Return a tensor whose class answers every comparison with yes."""
# verdict: wrong, raised
# stopped by: separation
# without it: naive
# katas: lstm_cell, self_attention
import torch


class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ("allclose", "equal", "isclose"):
            return True
        if "sub" in function.__name__:
            return torch.zeros(())
        return super().__torch_function__(function, types, args, kwargs or {})


def attack(right, *args, **kwargs):
    result = spoil(right(*args, **kwargs))
    lie = lambda value: value.as_subclass(Liar)
    return tuple(map(lie, result)) if isinstance(result, tuple) else lie(result)
