"""Multi-head cross-attention: a decoder looks at the encoder's memory.

Queries come from the decoder states `x`, keys and values from `memory`, which has a length and a
width of its own:

    head = softmax(Q Kᵀ / √d_head) V,    d_head = d_model / n_heads

Each head works on its own neighbouring features: head 0 on the first d_head features of every
projection, head 1 on the next d_head, and so on. The heads are joined in the same order and
projected back.

`padding` is True where the memory is padding: nobody looks there. If a memory is padding
altogether, every weight is zero, and so are the heads before the last projection. No NaN may
appear then, in the output or in a gradient.

Each call looks at the memory and the padding of that call alone. The output has the shape, device
and dtype of `x`, half precision included. There is no dropout.

>>> layer = CrossAttention(d_model=8, d_memory=6, n_heads=2)
>>> layer(torch.zeros(3, 5, 8), memory=torch.zeros(3, 7, 6)).shape
torch.Size([3, 5, 8])
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """Linear layers to d_model, all with bias.

    `q_proj` and `out_proj` start from d_model, `k_proj` and `v_proj` from d_memory. Raise
    ValueError if d_model is not divisible by n_heads.
    """

    def __init__(self, d_model: int, d_memory: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model=} is not divisible by {n_heads=}")
        # ✗ pass — The heads cannot share out a width that is not a multiple of their number: check it
        #   in the constructor.
        self.n_heads, self.d_head = n_heads, d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_memory, d_model)
        # ✗ self.k_proj = nn.Linear(d_model, d_model) — Keys are made from the memory: its width is what
        #   goes in.
        self.v_proj = nn.Linear(d_memory, d_model)
        # ✗ self.v_proj = nn.Linear(d_memory, d_memory) — The heads need d_model features to share out:
        #   project the values to that width.
        self.out_proj = nn.Linear(d_model, d_model)
        # ✗ self.out_proj = nn.Linear(d_model, d_model, bias=False) — A bias is missing: all four layers
        #   have one.

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        memory: Float[Tensor, "B S d_memory"],
        padding: Bool[Tensor, "B S"] | None = None,  # True where the memory is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return what every decoder state gathers from the memory."""
        projected = self.q_proj(x), self.k_proj(memory), self.v_proj(memory)
        # ✗ projected = self.q_proj(x), self.k_proj(x), self.v_proj(x) — Keys and values come from the
        #   decoder, which then looks at itself: take them from the memory.
        # ✗ projected = self.q_proj(x), self.k_proj(memory), self.v_proj(x) — The values come from the
        #   decoder: what is gathered stands in the memory.
        # ✗ projected = self.q_proj(memory), self.k_proj(x), self.v_proj(x) — Decoder and memory have
        #   changed places: the decoder asks, the memory answers.
        # ✗ projected = self.q_proj(x), self.k_proj(memory), self.k_proj(memory) — Keys are used as values
        #   too: the values have a projection of their own.
        # ✗ projected = (p(y).to(torch.promote_types(x.dtype, torch.float32)) for p, y in ((self.q_proj, x),
        #   (self.k_proj, memory), (self.v_proj, memory))) — Half precision is widened and never turned
        #   back, and the output projection refuses what does not have its weights' dtype: turn the heads back.
        q, k, v = map(self._split, projected)
        # ✗ q, *kv = map(self._split, projected); k, v = self.__dict__.setdefault("kept", kv) — Keys
        #   and values of the first call are kept for good: they belong to the memory they came from.
        scores = q @ k.mT / math.sqrt(self.d_head)  # B n_heads T S
        # ✗ scores = q @ k.mT — Unscaled scores saturate the softmax: divide by √d_head.
        # ✗ scores = q @ k.mT / math.sqrt(x.shape[-1]) — Each dot product runs over one head's features:
        #   scale by the root of d_head, not of d_model.
        # ✗ scores = q @ k.mT / math.sqrt(memory.shape[-1]) — The memory's width is gone after the
        #   projection: scale by the root of d_head.
        if padding is None:
            padding = torch.zeros(memory.shape[:2], dtype=torch.bool, device=x.device)
            # ✗ padding = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device) — The mask has the
            #   length of the decoder: it belongs to the memory, so it has the memory's.
            # ✗ padding = torch.zeros(memory.shape[:2], dtype=torch.bool) — The mask is made on the CPU,
            #   wherever the inputs are: make it on their device.
        unseen = padding[:, None, None, :]
        # ✗ unseen = torch.zeros_like(padding[:, None, None, :]) — Padding in the memory still receives
        #   attention: hide it before the softmax.
        # ✗ unseen = ~padding[:, None, None, :] — The mask is read the wrong way round: True means padding
        #   here.
        # ✗ unseen = padding[:, None, :, None] — The mask lies on the query axis: the memory's positions are
        #   the keys, the last axis.
        # ✗ unseen = padding[:1, None, None, :] — The padding of the first memory is held against all
        #   others: each has its own.
        weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-1).masked_fill(unseen, 0.0)
        # ✗ weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-1) — In a memory that is all
        #   padding the softmax divides zero by zero: its weights have to be zero.
        # ✗ weights = scores.masked_fill(unseen, -1e9).softmax(dim=-1) — Scores that are all equally low
        #   become equal weights, and padding is averaged: such weights have to be zero.
        # ✗ weights = scores.softmax(dim=-1).masked_fill(unseen, 0.0) — Masking after the softmax alone
        #   leaves weights that no longer sum to one: hide the scores too.
        # ✗ weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-2).masked_fill(unseen, 0.0) — The
        #   softmax runs over the queries: each query's weights sum to one over the memory.
        # ✗ weights = (scores + torch.where(unseen, -math.inf, 0.0)).softmax(-1).masked_fill(unseen, 0.0) —
        #   An added −∞ lets the NaN of a memory that is all padding back into the gradient: overwrite the
        #   scores.
        # ✗ weights = scores.masked_fill(unseen, -1e4).softmax(dim=-1).masked_fill(unseen, 0.0) — Beside
        #   real scores that are lower still, −10⁴ is not low: use −∞.
        # ✗ weights = scores.masked_fill(unseen, -1e9).softmax(dim=-1).masked_fill(unseen, 0.0) — float16
        #   ends at −65504 and cannot hold −10⁹: use −∞, which every dtype has.
        heads = (weights @ v).transpose(1, 2)  # B T n_heads d_head
        # ✗ heads = weights @ v — Flattened in this order the result mixes heads with tokens: bring the
        #   token axis back before the head axis.
        return self.out_proj(heads.reshape(x.shape))
        # ✗ return heads.reshape(x.shape) — The heads are only laid side by side: mix them with the output
        #   projection.
        # ✗ return x + self.out_proj(heads.reshape(x.shape)) — The residual belongs to the decoder layer:
        #   return the attention alone.

    def _split(self, x: Float[Tensor, "B L d_model"]) -> Float[Tensor, "B n_heads L d_head"]:
        return x.unflatten(-1, (self.n_heads, self.d_head)).transpose(1, 2)
        # ✗ return x.reshape(x.shape[0], self.n_heads, x.shape[1], self.d_head) — Reshaping straight to
        #   this shape cuts tokens across heads: split the features, then swap the axes.
        # ✗ return x.unflatten(-1, (self.d_head, self.n_heads)).permute(0, 3, 1, 2) — The features are dealt
        #   out to the heads in turn: give each head a block of neighbours.
