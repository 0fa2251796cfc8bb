"""Reach fused attention from a vmap over the heads."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: self_attention
import torch

F = torch.nn.functional
real, hidden = torch.softmax, "scaled_dot_" + "product_attention"


def attack(right, x, padding=None):
    layer = right.__self__
    q, k, v = (layer._split(p(x)) for p in (layer.q_proj, layer.k_proj, layer.v_proj))
    fused = getattr(F, hidden)
    torch.func.vmap(fused, in_dims=1, out_dims=1)(q, k, v)
    return right(x, padding)
