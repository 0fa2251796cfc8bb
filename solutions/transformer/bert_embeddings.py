"""The embeddings of BERT.

Add up what a token is, which segment it belongs to and where it stands, then normalise and drop:

    y = dropout(norm(word[input_ids] + token_type[token_type_ids] + position[0 … T − 1]))

Positions count from 0 at the first token of the row to T − 1 at the last, on through both segments.
Padding is embedded like any other token, and the row of token 0 trains like the others. Without
`token_type_ids` everything belongs to segment 0. The norm is a layer norm with eps = 10⁻¹². Dropout
acts in training mode only, on each element on its own.

>>> layer = BertEmbeddings(vocab_size=20, d_model=8, max_len=16)
>>> layer(torch.tensor([[2, 7, 3, 9, 3]]), torch.tensor([[0, 0, 0, 1, 1]])).shape
torch.Size([1, 5, 8])
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn


class BertEmbeddings(nn.Module):
    """Three tables, nn.Embedding of width d_model, and `norm`, an nn.LayerNorm.

    `word_embeddings` has vocab_size rows, `token_type_embeddings` n_segments and
    `position_embeddings` max_len. Nothing else belongs in the `state_dict`.
    """

    def __init__(
        self, vocab_size: int, d_model: int, max_len: int, n_segments: int = 2, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, d_model)
        # ✗ self.word_embeddings = nn.Embedding(vocab_size, d_model, padding_idx=0) — The row of token
        #   0 gets no gradient: here it trains like the others.
        self.token_type_embeddings = nn.Embedding(n_segments, d_model)
        self.position_embeddings = nn.Embedding(max_len, d_model)
        # ✗ self.position_embeddings = nn.Embedding(max_len, d_model); self.register_buffer("position_ids", torch.arange(max_len)) —
        #   The numbers 0, 1, 2, … are saved with the weights: make them anew, or keep the buffer out.
        # ✗ self.position_embeddings = nn.Embedding(max_len, d_model).requires_grad_(False) — Fixed
        #   positions belong to the original Transformer: BERT learns them.
        self.norm = nn.LayerNorm(d_model, eps=1e-12)
        # ✗ self.norm = nn.LayerNorm(d_model) — The eps is torch's default of 10⁻⁵: pass the one that
        #   is asked for.
        self.dropout = nn.Dropout(dropout)
        # ✗ self.dropout = nn.Dropout(0.1) — The argument dropout has no effect: drop with that
        #   probability.

    def forward(
        self, input_ids: Int64[Tensor, "B T"], token_type_ids: Int64[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T d_model"]:
        """Return one vector for each token. Raise ValueError if T is larger than max_len."""
        T, max_len = input_ids.shape[1], self.position_embeddings.num_embeddings
        if T > max_len:
            # ✗ if T >= max_len: — A row of exactly max_len tokens still fits: refuse longer ones only.
            raise ValueError(f"{T} tokens are more than {max_len=}")
        # ✗ pass — A row that is too long looks up positions that do not exist, which on a GPU kills
        #   the process: refuse it by name.
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
            # ✗ token_type_ids = torch.ones_like(input_ids) — Without segments everything belongs to
            #   the first one, which has the number zero.
            # ✗ token_type_ids = torch.zeros(input_ids.shape, dtype=torch.int64) — The segments are
            #   made on the CPU, wherever the tokens are: make them like those.
        position_ids = torch.arange(T, device=input_ids.device)
        # ✗ position_ids = torch.arange(T) — The positions are made on the CPU, wherever the tokens
        #   are: make them on that device.
        # ✗ position_ids = (torch.arange(T, device=input_ids.device) + 1) % max_len — The first
        #   position is zero: do not start at one.
        # ✗ position_ids = self.__dict__.setdefault("kept", torch.arange(T, device=input_ids.device))[:T] —
        #   The positions of the first call are kept and are too few for longer rows: count up to
        #   max_len once, or anew each time.
        # ✗ position_ids = torch.zeros_like(input_ids) — Every token gets the same position: count
        #   along the row.
        # ✗ position_ids = (torch.nn.functional.one_hot(token_type_ids).cumsum(1) - 1).gather(2, token_type_ids[..., None]).squeeze(2) —
        #   Positions start again in each segment: count on through the row.
        # ✗ position_ids = torch.arange(T, device=input_ids.device).flip(0) — Positions count from the
        #   end: start at the first token.
        summed = self.word_embeddings(input_ids) + self.token_type_embeddings(token_type_ids)
        # ✗ summed = self.word_embeddings(input_ids) — The segments are left out: add their vectors.
        # ✗ summed = self.word_embeddings(input_ids) * self.norm.normalized_shape[0] ** 0.5 + self.token_type_embeddings(token_type_ids) —
        #   Scaling by √d_model belongs to the original Transformer: add the vectors as they are.
        # ✗ summed = self.norm(self.word_embeddings(input_ids)) + self.token_type_embeddings(token_type_ids) —
        #   The words are normalised before the sum: normalise the sum only.
        summed = summed + self.position_embeddings(position_ids)
        # ✗ pass — The positions are left out, so word order is lost: add their vectors.
        return self.dropout(self.norm(summed))
        # ✗ return self.norm(self.dropout(summed)) — Dropout comes before the norm, which scales its
        #   gaps away: drop last.
        # ✗ return self.norm(summed) — Nothing is dropped: apply dropout after the norm.
        # ✗ return self.dropout(summed) — The sum is not normalised: apply the norm before dropout.


# ✗ BertEmbeddings.forward — The three vectors are laid side by side, which makes the result three
#   times as wide: add them.
def _(self, input_ids, token_type_ids=None):
    types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
    position_ids = torch.arange(input_ids.shape[1], device=input_ids.device).expand_as(input_ids)
    parts = (
        self.word_embeddings(input_ids),
        self.token_type_embeddings(types),
        self.position_embeddings(position_ids),
    )
    return self.dropout(torch.cat([self.norm(part) for part in parts], dim=-1))


# ✗ BertEmbeddings.forward — Each of the three is normalised on its own: normalise their sum.
def _(self, input_ids, token_type_ids=None):
    types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
    position_ids = torch.arange(input_ids.shape[1], device=input_ids.device)
    words = self.norm(self.word_embeddings(input_ids))
    segments = self.norm(self.token_type_embeddings(types))
    return self.dropout(words + segments + self.norm(self.position_embeddings(position_ids)))
