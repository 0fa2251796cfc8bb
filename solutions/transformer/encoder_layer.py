"""A Transformer encoder layer, with the norms after or before.

Two sublayers, each with a residual connection and a layer norm of its own. Self-attention comes first,
then the feed-forward network ff(x) = down(max(0, up(x))), which works on every token alone:

    post-norm:  x ← norm_1(x + dropout(attention(x)))
                y = norm_2(x + dropout(ff(x)))
    pre-norm:   x ← x + dropout(attention(norm_1(x)))
                y = x + dropout(ff(norm_2(x)))

A pre-norm stack needs one more norm at its end; that is not part of the layer. Dropout acts where
the equations say and nowhere else, in training mode only: not on the attention weights either.

Both masks are boolean, and True means: do not look there, however large the score. `mask` says for
every query (rows) which keys (columns) are hidden in all sequences; `padding` hides keys of one
sequence from all its queries. A key is hidden if either says so, and neither mask is written into. Padding still asks as a query, so its rows of the output are
computed like any other. Every query is left with a key that it may look at.

nn.MultiheadAttention may be used as it is. The output has the shape and dtype of `x`,
which may be float16 if the parameters are.

>>> layer = EncoderLayer(d_model=8, n_heads=2, d_ff=16, pre_norm=True)
>>> layer(torch.zeros(3, 5, 8)).shape
torch.Size([3, 5, 8])
>>> sorted(dict(layer.named_children()).keys() - {"dropout"})
['attention', 'down', 'norm_1', 'norm_2', 'up']
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class EncoderLayer(nn.Module):
    """Hold the sublayers' parts under these names, with bias and torch's defaults.

    `attention` is an nn.MultiheadAttention, or has parameters of the same names and shapes; `up` and
    `down` are linear layers, d_model to d_ff and back; `norm_1` and `norm_2` are layer norms.
    """

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, pre_norm: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.pre_norm = pre_norm
        self.attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        # ✗ self.attention = nn.MultiheadAttention(d_model, n_heads) — Torch's attention takes the first
        #   axis for the tokens unless told otherwise, and sequences mix: say that the batch comes first.
        # ✗ self.attention = nn.MultiheadAttention(d_model, n_heads, dropout, batch_first=True) — The
        #   attention weights are dropped too: only the sublayers' outputs are.
        # ✗ self.attention = nn.MultiheadAttention(d_model, 1, batch_first=True) — There is one wide head:
        #   share the width out among n_heads.
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        # ✗ self.norm_2 = self.norm_1 — Both sublayers share one norm: each has a scale and a shift of
        #   its own.
        self.dropout = nn.Dropout(dropout)
        # ✗ self.dropout = nn.Dropout() — Half of everything is dropped whatever the argument says: use
        #   the argument.

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        mask: Bool[Tensor, "T T"] | None = None,  # True where a query must not look at a key
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return the tokens after both sublayers."""
        if self.pre_norm:
            # ✗ if not self.pre_norm: — The two orders have changed places: pre-norm normalises what a
            #   sublayer gets.
            x = x + self._attend(self.norm_1(x), mask, padding)
            # ✗ x = self.norm_1(x); x = x + self._attend(x, mask, padding) — The residual starts behind
            #   the norm, which cuts the identity path: add to the x that came in.
            # ✗ x = self._attend(self.norm_1(x), mask, padding) — The first residual connection is missing:
            #   add the attention to x.
            # ✗ x = x + self._attend(x, mask, padding) — The attention gets what nothing has normalised:
            #   apply its norm first.
            return x + self._feed(self.norm_2(x))
            # ✗ x = self.norm_2(x); return x + self._feed(x) — The residual starts behind the norm: add to
            #   what the first sublayer left.
            # ✗ return x + self._feed(self.norm_1(x)) — The attention's norm serves both sublayers: the
            #   second has its own.
            # ✗ return x + self._feed(x) — The network gets what nothing has normalised: apply its norm
            #   first.
            # ✗ return self.norm_2(x + self._feed(self.norm_2(x))) — The sum is normalised as well: that
            #   is left to the end of the stack.
        attended = self.norm_1(x + self._attend(x, mask, padding))
        # ✗ attended = x + self.norm_1(self._attend(x, mask, padding)) — Only the branch is normalised:
        #   post-norm normalises the sum.
        # ✗ attended = self.norm_1(self._attend(x, mask, padding)) — The first residual connection is
        #   missing: add the attention to x before the norm.
        # ✗ attended = x + self._attend(x, mask, padding) — The first norm is missing: each sublayer ends
        #   with one.
        return self.norm_2(attended + self._feed(attended))
        # ✗ return self.norm_2(x + self._feed(attended)) — The second residual starts at the layer's
        #   input, so the attention is left out of the sum: add to what the first sublayer returned.
        # ✗ return self.norm_2(attended + self._feed(x)) — The network does not see what the attention
        #   found: the sublayers follow one another.
        # ✗ return self.norm_1(attended + self._feed(attended)) — The attention's norm serves both
        #   sublayers: the second has its own.
        # ✗ return attended + self.norm_2(self._feed(attended)) — Only the branch is normalised: post-norm
        #   normalises the sum.
        # ✗ return self.norm_2(self._feed(attended)) — The second residual connection is missing: add to
        #   what the first sublayer returned.

    def _attend(
        self, x: Float[Tensor, "B T d_model"], mask: Tensor | None, padding: Tensor | None
    ) -> Float[Tensor, "B T d_model"]:
        out, _ = self.attention(x, x, x, padding, attn_mask=mask, need_weights=False)
        # ✗ out, _ = self.attention(x, x, x, padding, need_weights=False) — The mask has no effect: hand
        #   it to the attention.
        # ✗ out, _ = self.attention(x, x, x, attn_mask=mask, need_weights=False) — Padding still receives
        #   attention: hide it from all queries.
        # ✗ out, _ = self.attention(x, x, x, None if padding is None else -1e4 * padding,
        #   attn_mask=None if mask is None else -1e4 * mask, need_weights=False) — Hidden scores are only
        #   lowered, so a large one still gets through: set them to −∞.
        # ✗ out, _ = self.attention(x, x, x, padding, attn_mask=None if mask is None else mask.mT,
        #   need_weights=False) — Queries and keys of the mask have changed places: rows are queries.
        # ✗ out, _ = self.attention(x, x, x, padding, attn_mask=None if mask is None else ~mask,
        #   need_weights=False) — The mask is read the wrong way round: True hides a key.
        # ✗ out, _ = self.attention(x, x, x, None if padding is None else ~padding, attn_mask=mask,
        #   need_weights=False) — The padding is read the wrong way round: True hides a key.
        # ✗ out, _ = self.attention(x, x, x, padding, attn_mask=mask if padding is None else None,
        #   need_weights=False) — One mask silences the other: a key is hidden if either says so.
        return self.dropout(out)
        # ✗ return out — Nothing is dropped from the attention's output: drop before the sum.

    def _feed(self, x: Float[Tensor, "B T d_model"]) -> Float[Tensor, "B T d_model"]:
        return self.dropout(self.down(torch.relu(self.up(x))))
        # ✗ return self.down(torch.relu(self.up(x))) — Nothing is dropped from the network's output: drop
        #   before the sum.
        # ✗ return self.down(self.dropout(torch.relu(self.up(x)))) — The hidden units are dropped instead
        #   of the output: drop after the second layer.
        # ✗ return self.dropout(self.down(self.dropout(torch.relu(self.up(x))))) — The hidden units are
        #   dropped too: only the output is.
        # ✗ return self.dropout(self.down(self.up(x))) — Two linear maps in a row are one: put the
        #   nonlinearity between them.
        # ✗ return self.dropout(self.down(nn.functional.gelu(self.up(x)))) — This is BERT's GELU: the
        #   statement says max(0, ·).


# ✗ EncoderLayer.forward — The network comes before the attention: first gather, then transform.
def _(self, x, mask=None, padding=None):
    if self.pre_norm:
        x = x + self._feed(self.norm_2(x))
        return x + self._attend(self.norm_1(x), mask, padding)
    x = self.norm_2(x + self._feed(x))
    return self.norm_1(x + self._attend(x, mask, padding))


# ✗ EncoderLayer.forward — Padded rows are set to zero: they are computed like any other.
def _(self, x, mask=None, padding=None):
    if self.pre_norm:
        x = x + self._attend(self.norm_1(x), mask, padding)
        x = x + self._feed(self.norm_2(x))
    else:
        x = self.norm_1(x + self._attend(x, mask, padding))
        x = self.norm_2(x + self._feed(x))
    return x if padding is None else x.masked_fill(padding[..., None], 0.0)


# ✗ EncoderLayer.forward — The residual stream is dropped too: dropout belongs on the branch.
def _(self, x, mask=None, padding=None):
    if self.pre_norm:
        x = self.dropout(x + self._attend(self.norm_1(x), mask, padding))
        return self.dropout(x + self._feed(self.norm_2(x)))
    x = self.norm_1(self.dropout(x + self._attend(x, mask, padding)))
    return self.norm_2(self.dropout(x + self._feed(x)))


# ✗ EncoderLayer.forward — Padded tokens are emptied before they ask: they are queries like any other.
def _(self, x, mask=None, padding=None):
    x = x if padding is None else x.masked_fill(padding[..., None], 0.0)
    if self.pre_norm:
        x = x + self._attend(self.norm_1(x), mask, padding)
        return x + self._feed(self.norm_2(x))
    x = self.norm_1(x + self._attend(x, mask, padding))
    return self.norm_2(x + self._feed(x))
