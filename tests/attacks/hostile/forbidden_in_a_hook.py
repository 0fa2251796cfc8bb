"""Call what is forbidden in a hook of the backward pass, when the case is at work."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: self_attention
import torch


def attack(right, x, padding=None):
    y = right(x, padding)
    attend = getattr(torch.nn.functional, "scaled_dot_" + "product_attention")
    if y.requires_grad:
        y.register_hook(lambda g: g + 0 * attend(g.detach(), g.detach(), g.detach()))
    return y
