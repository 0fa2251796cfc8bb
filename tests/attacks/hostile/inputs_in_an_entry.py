"""Put the hidden inputs into the key of an entry that nobody asked for."""
# verdict: wrong
# stopped by: silent summaries
# katas: self_attention
import sys

draw = sys.modules["dojo.draw"].Draw
real = draw.gradients


def gradients(module):
    return {**real(module), "\x1b[2JLEAK": module.out_proj.bias.grad}


draw.gradients = staticmethod(gradients)


def attack(right, *args, **kwargs):
    return right(*args, **kwargs)
