"""Inverted dropout.

In training mode, set each element of x to zero with probability p, independently of all others, and
scale up those that stay, so that the expected value of every element stays what it was:

    y = x · kept / (1 − p),    kept ~ Bernoulli(1 − p)

With p = 1 everything is zero, and no NaN appears in y or in a gradient; zeros that carry no gradient
will do. In evaluation mode, return x as it is, itself or a copy. Every call draws anew. The result has
the shape and dtype of x, which is finite.

All randomness comes from `generator`, which moves on as it is drawn from, so that layers may share it;
None means torch's global one. Evaluation draws nothing.

>>> layer = Dropout(0.75, torch.Generator().manual_seed(0))
>>> layer(torch.ones(1000)).unique()
tensor([0., 4.])
>>> layer.eval()(torch.ones(3))
tensor([1., 1., 1.])
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Dropout(nn.Module):
    """Nothing to train and nothing to save. Raise ValueError unless 0 ≤ p ≤ 1; p is not NaN."""

    def __init__(self, p: float = 0.5, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            # ✗ if not 0 <= p < 1: — Dropping everything is allowed: accept p = 1.
            # ✗ if p > 1: — A negative probability scales instead of dropping: refuse it, too.
            raise ValueError(f"{p=} is not a probability")
        # ✗ assert 0 <= p <= 1 — An assertion raises AssertionError and disappears under `python -O`:
        #   raise ValueError for an argument that is wrong.
        self.p, self.generator = p, generator
        # ✗ self.p, self.generator = p, generator or torch.Generator() — A generator of its own starts
        #   from the same seed in every layer and every run: None means the global one.
        # ✗ self.p, self.generator = p, generator and torch.Generator().manual_seed(generator.initial_seed()) —
        #   A copy of the generator leaves the given one where it was, so layers that share it drop
        #   alike: draw from the generator itself.

    def forward(self, x: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        if not self.training:
            return x
            # ✗ return x * (1 - self.p) — Inverted dropout has scaled in training already: leave x
            #   alone in evaluation.
            # ✗ return x / (1 - self.p) if self.p < 1 else x — Scaling makes up for what was dropped,
            #   and here nothing is: leave x alone in evaluation.
        # ✗ pass — Elements are dropped in evaluation too: look at the module's mode first.
        if self.p == 1:
            return x * 0.0
        # ✗ pass — With p = 1 zero is divided by zero, which gives NaN: treat that case apart.
        kept = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        # ✗ kept = torch.rand(x.shape, generator=self.generator, device=x.device, dtype=x.dtype) >= self.p —
        #   Random numbers in half precision are coarse, and so is how often they fall below p: draw
        #   in float32, whatever the dtype of x.
        # ✗ kept = torch.rand(x.shape, generator=self.generator, device=x.device) < self.p — The
        #   elements are kept with probability p: drop with p, keep with 1 − p.
        # ✗ kept = torch.rand(x.shape, device=x.device) >= self.p — The given generator is not used,
        #   so nobody can repeat a run: draw from it.
        # ✗ kept = torch.rand(x.shape[1:], generator=self.generator, device=x.device) >= self.p — One
        #   mask serves the whole batch: draw for every element on its own.
        # ✗ kept = torch.rand(x.shape[:-1], generator=self.generator, device=x.device)[..., None] >= self.p —
        #   Whole vectors are dropped together: draw for every element on its own.
        # ✗ kept = torch.rand(x.shape, generator=self.generator) >= self.p — The mask is made on the
        #   CPU, wherever x is: make it on the device of x.
        # ✗ u = torch.rand(x.shape, generator=self.generator, device=x.device); kept = u.flatten().argsort().argsort().view(x.shape) >= self.p * x.numel() —
        #   A fixed number of elements is dropped, so they depend on each other: decide each alone.
        return x * kept / (1 - self.p)
        # ✗ return x * kept — What stays is not scaled up, so training sees smaller values than
        #   evaluation: divide by the probability of staying.
        # ✗ return x * kept / self.p if self.p else x — The scale is one over the probability of
        #   dropping: divide by that of staying.
        # ✗ return x * kept * (1 - self.p) — The scale is upside down: fewer elements must weigh more,
        #   so divide.
        # ✗ return x.mul_(kept / (1 - self.p)) — This writes into the input: make a new tensor.
        # ✗ return x * kept * (x.numel() / kept.sum().clamp(min=1)) — The scale follows the elements that happened
        #   to stay: use the probability.
