"""Call the forward method of a forbidden module by hand, which runs none of torch's hooks."""
# verdict: forbidden
# stopped by: refusal
# without it: refusal
# katas: self_attention
import torch

whole = None


def attack(right, x, padding=None):
    global whole
    if whole is None:
        kind = getattr(torch.nn, "".join(("Multihead", "Attention")))
        with torch.random.fork_rng():
            whole = kind(4, 1)
    zeros = torch.zeros(1, 1, 4)
    return right(x, padding) + 0 * type(whole).forward(whole, zeros, zeros, zeros)[0].sum().to(x)
