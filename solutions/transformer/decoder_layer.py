"""A Transformer decoder layer, with the norms after or before.

Three sublayers, each with a residual connection and a layer norm of its own: causal self-attention,
cross-attention to the encoder's memory, and the feed-forward network ff(x) = down(max(0, up(x))):

    post-norm:  x ← norm_1(x + dropout(self_attention(x)))
                x ← norm_2(x + dropout(cross_attention(x, memory)))
                y = norm_3(x + dropout(ff(x)))
    pre-norm:   x ← x + dropout(self_attention(norm_1(x)))
                x ← x + dropout(cross_attention(norm_2(x), memory))
                y = x + dropout(ff(norm_3(x)))

Cross-attention takes its queries from the decoder, its keys and values from the memory, which the
encoder has normalised already and no norm of this layer touches. A pre-norm stack needs one more
norm at its end; that is not part of the layer. Dropout acts where the equations say and nowhere
else, in training mode only: not on the attention weights either.

Self-attention is always causal: a token looks at itself and at those before it. True in `padding`
hides tokens of x as keys of self-attention, on top of that; True in `memory_padding` hides positions
of the memory. What is hidden stays hidden, however large the score. Padding still asks as a query, so its rows of the output are computed like any
other. Every query is left with a key in both attentions.

nn.MultiheadAttention may be used as it is. The output has the shape and dtype of `x`,
which may be float16 if memory and parameters are. Neither padding is written into.

>>> layer = DecoderLayer(d_model=8, n_heads=2, d_ff=16)
>>> x, memory = torch.ones(3, 5, 8), torch.ones(3, 7, 8)
>>> layer(x, memory).shape
torch.Size([3, 5, 8])
>>> torch.allclose(layer(x, memory)[:, :2], layer(x[:, :2], memory), atol=1e-6)
True
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class DecoderLayer(nn.Module):
    """Hold the sublayers' parts under these names, with bias and torch's defaults.

    `self_attention` and `cross_attention` are each an nn.MultiheadAttention, or have parameters of the
    same names and shapes; `up` and `down` are linear layers, d_model to d_ff and back; `norm_1`,
    `norm_2` and `norm_3` are layer norms.
    """

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, pre_norm: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.pre_norm = pre_norm
        self.self_attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        # ✗ self.self_attention = nn.MultiheadAttention(d_model, n_heads) — Torch's attention takes the
        #   first axis for the tokens unless told otherwise: say that the batch comes first.
        self.cross_attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        # ✗ self.cross_attention = self.self_attention — Both attentions share their weights: each has its
        #   own.
        # ✗ self.cross_attention = nn.MultiheadAttention(d_model, n_heads, dropout, batch_first=True) —
        #   Attention weights are dropped too: only the sublayers' outputs are.
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        # ✗ self.norm_2 = self.norm_1 — Both attentions share one norm: each sublayer has its own.
        self.norm_3 = nn.LayerNorm(d_model)
        # ✗ self.norm_3 = self.norm_2 — Two sublayers share one norm: each has its own.
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        memory: Float[Tensor, "B S d_model"],
        padding: Bool[Tensor, "B T"] | None = None,  # True where x is padding
        memory_padding: Bool[Tensor, "B S"] | None = None,  # True where the memory is padding
    ) -> Float[Tensor, "B T d_model"]:
        """Return the tokens after the three sublayers."""
        if self.pre_norm:
            # ✗ if not self.pre_norm: — The two orders have changed places: pre-norm normalises what a
            #   sublayer gets.
            x = x + self._look_back(self.norm_1(x), padding)
            # ✗ x = self.norm_1(x); x = x + self._look_back(x, padding) — The residual starts behind the
            #   norm: add to the x that came in.
            x = x + self._look_across(self.norm_2(x), memory, memory_padding)
            # ✗ x = x + self._look_across(self.norm_1(x), memory, memory_padding) — The first norm serves
            #   the second sublayer too: each has its own.
            # ✗ x = x + self._look_across(self.norm_2(x), self.norm_2(memory), memory_padding) — The memory
            #   is normalised again: only the queries are.
            # ✗ x = x + self._look_across(x, memory, memory_padding) — The queries are not normalised: apply
            #   the second norm to what the attention gets.
            # ✗ x = self._look_across(self.norm_2(x), memory, memory_padding) — The second residual
            #   connection is missing: add to what the first sublayer left.
            return x + self._feed(self.norm_3(x))
            # ✗ x = self.norm_3(x); return x + self._feed(x) — The residual starts behind the norm: add to
            #   what the second sublayer left.
            # ✗ return self.norm_3(x + self._feed(self.norm_3(x))) — The sum is normalised as well: that
            #   is left to the end of the stack.
        looked = self.norm_1(x + self._look_back(x, padding))
        # ✗ looked = x + self.norm_1(self._look_back(x, padding)) — Only the branch is normalised: post-norm
        #   normalises the sum.
        found = self.norm_2(looked + self._look_across(looked, memory, memory_padding))
        # ✗ found = self.norm_2(x + self._look_across(looked, memory, memory_padding)) — The second residual
        #   starts at the layer's input: add to what the first sublayer returned.
        # ✗ found = self.norm_2(looked + self._look_across(x, memory, memory_padding)) — The queries come
        #   from the layer's input, side by side with self-attention: the sublayers follow one another.
        # ✗ found = self.norm_2(looked + self._look_across(looked, looked, padding)) — The layer looks at
        #   itself a second time: keys and values come from the memory.
        # ✗ found = looked — The memory is never looked at: that makes it a causal encoder layer.
        return self.norm_3(found + self._feed(found))
        # ✗ return self.norm_3(looked + self._feed(found)) — The third residual starts before the
        #   cross-attention: add to what the second sublayer returned.
        # ✗ return found + self.norm_3(self._feed(found)) — Only the branch is normalised: post-norm
        #   normalises the sum.

    def _look_back(
        self, x: Float[Tensor, "B T d_model"], padding: Tensor | None
    ) -> Float[Tensor, "B T d_model"]:
        T = x.shape[1]
        future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
        # ✗ future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1); future =
        #   self.__dict__.setdefault("seen", future)[:T, :T] — The mask of the first call is kept and is
        #   too small for longer inputs: make it for each length.
        # ✗ future = torch.ones(T, T, dtype=torch.bool).triu(1) — The mask is made on the CPU, wherever the
        #   tokens are: make it on their device.
        # ✗ future = torch.zeros(T, T, dtype=torch.bool, device=x.device) — A token looks at those that it
        #   is to predict: hide the future.
        # ✗ future = torch.ones(T, T, dtype=torch.bool, device=x.device).tril(-1) — The past is hidden, not
        #   the future: what lies above the diagonal is to come.
        # ✗ future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(2) — One token of the future is
        #   seen: the mask begins right above the diagonal.
        # ✗ future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu() — A token is hidden from
        #   itself, and the first one sees nothing: let the diagonal through.
        # ✗ future = None if padding is not None else torch.ones(T, T, device=x.device).bool().triu(1) — The
        #   padding silences the causal mask: both hold at once.
        out, _ = self.self_attention(x, x, x, padding, attn_mask=future, need_weights=False)
        # ✗ out, _ = self.self_attention(x, x, x, None if padding is None else -1e4 * padding,
        #   attn_mask=-1e4 * future, need_weights=False) — Hidden scores are only lowered, so a large one
        #   still gets through: set them to −∞.
        # ✗ out, _ = self.self_attention(x, x, x, attn_mask=future, need_weights=False) — Padding among the
        #   tokens still receives attention: hide it.
        return self.dropout(out)
        # ✗ return out — Nothing is dropped from self-attention's output: drop before the sum.

    def _look_across(
        self,
        x: Float[Tensor, "B T d_model"],
        memory: Float[Tensor, "B S d_model"],
        padding: Tensor | None,
    ) -> Float[Tensor, "B T d_model"]:
        out, _ = self.cross_attention(x, memory, memory, padding, need_weights=False)
        # ✗ out, _ = self.cross_attention(x, memory, memory, need_weights=False) — Padding in the memory
        #   still receives attention: hand its mask to the cross-attention.
        # ✗ out, _ = self.cross_attention(x, memory, x.mean(1, True).expand_as(memory), padding,
        #   need_weights=False) — The values come from the decoder: what is gathered stands in the memory.
        # ✗ out, _ = self.cross_attention(x, memory, memory, padding, need_weights=False,
        #   attn_mask=torch.ones(x.shape[1], memory.shape[1], device=x.device).bool().triu(1)) — The memory
        #   is masked causally: it is complete, and every token may see all of it.
        # ✗ out, _ = self.cross_attention(x, memory.detach(), memory.detach(), padding,
        #   need_weights=False) — The encoder gets no gradient: leave the memory attached.
        # ✗ out, _ = self.cross_attention(x, memory, memory, None if padding is None else ~padding,
        #   need_weights=False) — The padding is read the wrong way round: True hides a position.
        return self.dropout(out)
        # ✗ return out — Nothing is dropped from cross-attention's output: drop before the sum.

    def _feed(self, x: Float[Tensor, "B T d_model"]) -> Float[Tensor, "B T d_model"]:
        return self.dropout(self.down(torch.relu(self.up(x))))
        # ✗ return self.down(torch.relu(self.up(x))) — Nothing is dropped from the network's output: drop
        #   before the sum.
        # ✗ return self.dropout(self.down(self.dropout(torch.relu(self.up(x))))) — The hidden units are
        #   dropped too: only the output is.
        # ✗ return self.dropout(self.down(nn.functional.gelu(self.up(x)))) — This is BERT's GELU: the
        #   statement says max(0, ·).


# ✗ DecoderLayer.forward — The cross-attention comes before the self-attention: first the layer looks
#   back at its own tokens, then at the memory.
def _(self, x, memory, padding=None, memory_padding=None):
    if self.pre_norm:
        x = x + self._look_across(self.norm_2(x), memory, memory_padding)
        x = x + self._look_back(self.norm_1(x), padding)
        return x + self._feed(self.norm_3(x))
    x = self.norm_2(x + self._look_across(x, memory, memory_padding))
    x = self.norm_1(x + self._look_back(x, padding))
    return self.norm_3(x + self._feed(x))


# ✗ DecoderLayer.forward — The two paddings have changed places where their lengths allow it: the
#   tokens' belongs to self-attention, the memory's to cross-attention.
def _(self, x, memory, padding=None, memory_padding=None):
    if x.shape[1] == memory.shape[1]:
        padding, memory_padding = memory_padding, padding
    if self.pre_norm:
        x = x + self._look_back(self.norm_1(x), padding)
        x = x + self._look_across(self.norm_2(x), memory, memory_padding)
        return x + self._feed(self.norm_3(x))
    x = self.norm_1(x + self._look_back(x, padding))
    x = self.norm_2(x + self._look_across(x, memory, memory_padding))
    return self.norm_3(x + self._feed(x))
