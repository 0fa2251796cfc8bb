"""Additive attention, as Bahdanau's translation model uses it.

A small network with one hidden layer scores how well a query fits a key:

    score(q, k) = vᵀ tanh(W q + U k),    weights = softmax over keys,    context = Σ weight · key

The keys are also what is averaged. Each of the T queries has a context of its own, over the S keys
of its sequence. Queries and keys may differ in width.

Padding (`padding` is True there) gets a weight of exactly zero, and the others of the query sum to
one. In a sequence that is all padding every weight is zero, and so is the context. No NaN may
appear there, in a result or in a gradient. Scores may be in the ten thousands, of either sign.

Nothing has a bias. Both results have the dtype and device of the queries, half precision included.

>>> layer = AdditiveAttention(d_query=4, d_key=6, d_hidden=5)
>>> context, weights = layer(torch.zeros(2, 3, 4), torch.zeros(2, 7, 6))
>>> context.shape, weights.shape
(torch.Size([2, 3, 6]), torch.Size([2, 3, 7]))
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """Linear layers without bias, all named as in the equation.

    `W` goes from d_query to d_hidden, `U` from d_key to d_hidden, and `v` from d_hidden to 1.
    """

    def __init__(self, d_query: int, d_key: int, d_hidden: int) -> None:
        super().__init__()
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        # ✗ self.W = nn.Linear(d_query, d_hidden) — A bias was not asked for: leave it out.
        self.U = nn.Linear(d_key, d_hidden, bias=False)
        # ✗ self.U = nn.Linear(d_query, d_hidden, bias=False) — Keys have a width of their own: it is
        #   what goes in here.
        self.v = nn.Linear(d_hidden, 1, bias=False)
        # ✗ self.v = nn.Linear(d_hidden, d_hidden, bias=False) — A query and a key have one score: the
        #   last layer has one output.

    def forward(
        self,
        queries: Float[Tensor, "B T d_query"],
        keys: Float[Tensor, "B S d_key"],
        padding: Bool[Tensor, "B S"] | None = None,  # True where the keys are padding
    ) -> tuple[Float[Tensor, "B T d_key"], Float[Tensor, "B T S"]]:
        """Return the context of every query, and the weights it is made with."""
        hidden = torch.tanh(self.W(queries)[:, :, None] + self.U(keys)[:, None])  # B T S d_hidden
        # ✗ hidden = self.W(queries)[:, :, None] + self.U(keys)[:, None] — Without tanh the query's part is
        #   the same for all keys, and the softmax ignores it: put tanh around the sum.
        # ✗ hidden = torch.tanh(self.W(queries))[:, :, None] + torch.tanh(self.U(keys))[:, None] — tanh of
        #   each part alone keeps query and key apart: add them first.
        # ✗ hidden = torch.tanh(self.W(queries)[:, None] + self.U(keys)[:, :, None]) — Queries
        #   and keys have changed axes: queries are the rows of the scores, keys the columns.
        # ✗ hidden = torch.tanh(self.W(queries)[:, :, None] - self.U(keys)[:, None]) — The parts are
        #   subtracted: add them.
        # ✗ hidden = torch.tanh(self.W(queries)[:, :, None] * self.U(keys)[:, None]) — The parts are
        #   multiplied: additive attention adds them.
        # ✗ hidden = torch.relu(self.W(queries)[:, :, None] + self.U(keys)[:, None]) — Another activation is
        #   used: it is tanh.
        # ✗ hidden = torch.sigmoid(self.W(queries)[:, :, None] + self.U(keys)[:, None]) — The logistic function
        #   is not tanh: use tanh.
        scores = self.v(hidden).squeeze(-1)
        # ✗ scores = self.v(hidden).squeeze() — Axes of size one disappear, the batch too: squeeze the last
        #   axis only.
        # ✗ scores = torch.tanh(self.v(hidden)).squeeze(-1) — A score squashed to ±1 cannot single a key
        #   out: tanh acts on the hidden layer only.
        # ✗ scores = self.v(hidden).squeeze(-1) / math.sqrt(hidden.shape[-1]) — Dividing by a root belongs to
        #   dot products: these scores are used as they are.
        if padding is None:
            padding = torch.zeros(keys.shape[:2], dtype=torch.bool, device=keys.device)
            # ✗ padding = torch.zeros(keys.shape[:2], dtype=torch.bool) — The mask is made on the CPU,
            #   wherever the inputs are: make it on their device.
        unseen = padding[:, None]  # B 1 S
        # ✗ unseen = torch.zeros_like(padding[:, None]) — Padding still receives attention: hide its
        #   scores before the softmax.
        # ✗ unseen = ~padding[:, None] — The mask is read the wrong way round: True means padding.
        # ✗ unseen = padding[:, :, None] — The mask lies on the query axis: padding is among the keys, the
        #   last axis.
        # ✗ unseen = padding — Without an axis for the queries, the batch is taken for them: put one in
        #   between.
        weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-1).masked_fill(unseen, 0.0)
        # ✗ weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-1) — In a sequence that is all
        #   padding the softmax divides zero by zero: its weights have to be zero.
        # ✗ weights = scores.masked_fill(unseen, -1e9).softmax(dim=-1) — Scores that are all equally low
        #   become equal weights, and padding is averaged: such weights have to be zero.
        # ✗ weights = scores.masked_fill(unseen, -1e9).softmax(dim=-1).masked_fill(unseen, 0.0) — float16
        #   ends at −65504 and cannot hold −10⁹: use −∞, which every dtype has.
        # ✗ weights = scores.masked_fill(unseen, -1e4).softmax(dim=-1).masked_fill(unseen, 0.0) — Beside
        #   real scores that are lower still, −10⁴ is not low: use −∞.
        # ✗ weights = scores.masked_fill(unseen, -20.0).softmax(dim=-1) * ~unseen.all(-1, keepdim=True) —
        #   Padding keeps some weight, if little: hide it with −∞, so that it is exactly zero.
        # ✗ weights = scores.masked_fill(unseen, 0.0).softmax(dim=-1).masked_fill(unseen, 0.0) — A score of
        #   zero still takes its share of the softmax: hide padding with −∞.
        # ✗ weights = scores.softmax(dim=-1).masked_fill(unseen, 0.0) — Masking after the softmax alone
        #   leaves weights that no longer sum to one: hide the scores too.
        # ✗ weights = scores.masked_fill(unseen, -math.inf).softmax(dim=-2).masked_fill(unseen, 0.0) — The
        #   softmax runs over the queries: each query's weights sum to one over the keys.
        # ✗ weights = (scores + torch.where(unseen, -math.inf, 0.0)).softmax(-1).masked_fill(unseen, 0.0) —
        #   An added −∞ lets the NaN of a sequence that is all padding back into the gradient: overwrite
        #   the scores.
        # ✗ e = scores.exp().masked_fill(unseen, 0.0); weights = e / e.sum(-1, keepdim=True).clamp(min=1e-12)
        #   — The exponential of a large score overflows: subtract the row's maximum first, or use the
        #   built-in softmax.
        return weights @ keys, weights
        # ✗ return weights @ self.U(keys), weights — The projected keys are for the scores only: average the
        #   keys themselves.
        # ✗ return weights, weights @ keys — The two results are swapped: the context comes first.
