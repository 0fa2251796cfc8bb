"""Multi-head self-attention.

Project the tokens to queries, keys and values, let every head attend on its own, join the heads
and project back:

    head = softmax(Q Kᵀ / √d_head) V,    d_head = d_model / n_heads

Each head works on its own neighbouring features: head 0 on the first d_head features of every
projection, head 1 on the next d_head, and so on. The heads are joined in the same order.

Padding tokens (`padding` is True there, on either side or in between) are never attended to: as
keys they get weight zero, and each query's weights sum to one over the real tokens. Padding still
asks as queries, so its rows of the output are computed like any other. In a sequence that is all
padding, nothing is left to attend to: every weight is zero, and its rows of the output are the bias
of `out_proj`. Neither the output nor any gradient may hold NaN because of that.

The output has the shape, device and dtype of `x`, half precision included. Scores may be in the ten
thousands. There is no dropout.

>>> layer = SelfAttention(d_model=8, n_heads=2)
>>> layer(torch.zeros(3, 5, 8)).shape
torch.Size([3, 5, 8])
>>> padding = torch.tensor([[False, False, True]])
>>> x = torch.ones(1, 3, 8)
>>> x[0, 2] = 100.0  # what stands in the padding does not matter to the others
>>> torch.allclose(layer(x, padding)[0, :2], layer(x[:, :2])[0])
True
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Linear layers `q_proj`, `k_proj`, `v_proj` and `out_proj`: d_model to d_model, with bias.

    Raise ValueError if d_model is not divisible by n_heads.
    """

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model=} is not divisible by {n_heads=}")
        # ✗ pass — The heads cannot share out a width that is not a multiple of their number: check
        #   it in the constructor, where the message can still name the two arguments.
        # ✗ assert d_model % n_heads == 0 — An assertion raises AssertionError and disappears under
        #   `python -O`: raise ValueError for an argument that is wrong.
        self.n_heads, self.d_head = n_heads, d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every token gathers from the real tokens of its sequence."""
        if padding is None:
            padding = x.new_zeros(x.shape[:2], dtype=torch.bool)
            # ✗ padding = torch.zeros(x.shape[:2], dtype=torch.bool) — The mask is made on the CPU,
            #   wherever the tokens are: make it on their device.
        q, k, v = (self._split(proj(x)) for proj in (self.q_proj, self.k_proj, self.v_proj))
        # ✗ q, k, v = (self._split(p(x)).to(torch.promote_types(x.dtype, torch.float32)) for p in
        #   (self.q_proj, self.k_proj, self.v_proj)) — Half precision is widened and never turned back,
        #   and the output projection refuses what does not have its weights' dtype: turn the heads back.
        scores = q @ k.mT / math.sqrt(self.d_head)  # B n_heads T T
        # ✗ scores = q @ k.mT — Unscaled scores have a standard deviation of about √d_head, so the
        #   softmax saturates and its gradients vanish: divide by √d_head.
        # ✗ scores = q @ k.mT / math.sqrt(x.shape[-1]) — Each dot product runs over one head's
        #   features: scale by the root of d_head, not of d_model.
        # ✗ scores = q @ k.mT / self.d_head — A dot product of d_head terms grows like the root of
        #   d_head, not like d_head: take the square root.
        unseen = padding[:, None, None, :]
        # ✗ unseen = torch.zeros_like(padding)[:, None, None, :] — Padding still receives attention:
        #   take it out before the softmax.
        # ✗ unseen = ~padding[:, None, None, :] — The mask is read the wrong way round, so only
        #   padding is attended to: True means padding here.
        # ✗ unseen = padding[:, None, :, None] — The mask lies on the query axis, which blanks the
        #   rows of padding and still attends to it: put it on the axis of the keys, the last one.
        # ✗ unseen = padding[:, None, None, :] | padding[:, None, :, None] — Padding is masked as a
        #   query too, although its rows of the output are asked for: mask the keys only.
        weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-1)
        # ✗ weights = scores.softmax(dim=-1) — Masking after the softmax leaves weights that no
        #   longer sum to one: set the scores to −∞ before it.
        # ✗ weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-2) — The softmax runs over
        #   the queries: each query's weights must sum to one over the keys, the last axis.
        # ✗ weights = scores.masked_fill(unseen, -math.inf).softmax(dim=1) — The softmax runs over
        #   the heads, which then compete with each other: normalise over the keys, the last axis.
        # ✗ weights = scores.masked_fill(unseen, -1e4).softmax(dim=-1) — Beside real scores that are
        #   lower still, −10⁴ is not low, and padding wins: use −∞.
        # ✗ weights = scores.masked_fill(unseen, -1e9).softmax(dim=-1) — float16 ends at −65504 and
        #   cannot hold −10⁹: use −∞, which every dtype has.
        # ✗ weights = (scores + torch.where(unseen, -math.inf, 0.0)).softmax(dim=-1) — An added −∞
        #   lets the NaN of a sequence that is all padding back into the scores' gradient: overwrite
        #   the scores.
        # ✗ e = scores.masked_fill(unseen, -math.inf).exp(); weights = e / e.sum(-1, keepdim=True) —
        #   The exponential of a large score overflows and gives NaN: subtract the row's maximum
        #   first, or use the built-in softmax.
        weights = weights.masked_fill(unseen, 0.0)
        # ✗ padding[padding.all(dim=-1)] = False; weights = weights.masked_fill(unseen, 0.0) — The
        #   caller's mask is changed: what was handed in is not yours to write into.
        # ✗ pass — With every key masked the softmax divides zero by zero: give a sequence that is
        #   all padding the weight zero.
        # ✗ weights = scores.masked_fill(unseen, 0.0).softmax(dim=-1) — A score of zero still gets
        #   weight, since exp(0) is one: hide a key with a score of −∞.
        # ✗ weights = scores.masked_fill(unseen, -1e9).softmax(dim=-1) — Scores that are all equally
        #   low become equal weights, so a sequence that is all padding attends to its padding: set
        #   its weights to zero.
        heads = (weights @ v).transpose(1, 2)  # B T n_heads d_head
        # ✗ heads = weights @ v — Flattened in this order the result mixes heads with tokens: bring
        #   the token axis back before the head axis, then join.
        return self.out_proj(heads.reshape(x.shape))
        # ✗ return heads.reshape(x.shape) — The heads are only laid side by side: mix them with the
        #   output projection.

    def _split(self, x: Float[Tensor, "B T d_model"]) -> Float[Tensor, "B n_heads T d_head"]:
        return x.unflatten(-1, (self.n_heads, self.d_head)).transpose(1, 2)
        # ✗ return x.reshape(x.shape[0], self.n_heads, x.shape[1], self.d_head) — Reshaping straight
        #   to (B, n_heads, T, d_head) cuts tokens across heads: split off the head axis last, then
        #   swap it with the token axis.
        # ✗ return x.unflatten(-1, (self.d_head, self.n_heads)).permute(0, 3, 1, 2) — The features
        #   are dealt out to the heads in turn: give each head a block of neighbouring features.
