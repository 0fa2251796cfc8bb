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

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.

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
        raise NotImplementedError

    def forward(
        self, input_ids: Int64[Tensor, "B T"], token_type_ids: Int64[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T d_model"]:
        """Return one vector for each token. Raise ValueError if T is larger than max_len."""
        raise NotImplementedError
