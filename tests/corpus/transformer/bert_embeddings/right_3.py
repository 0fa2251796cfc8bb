import torch
from torch import nn
from torch.nn import functional as F


class BertEmbeddings(nn.Module):
    """One-hot vectors times tables, and positions kept in a buffer that is not saved."""

    def __init__(self, vocab_size, d_model, max_len, n_segments=2, dropout=0.1):
        super().__init__()
        self.position_embeddings = nn.Embedding(max_len, d_model)
        self.token_type_embeddings = nn.Embedding(n_segments, d_model)
        self.word_embeddings = nn.Embedding(vocab_size, d_model)
        self.norm = nn.LayerNorm(d_model, 1e-12)
        self.p = dropout
        self.register_buffer("position_ids", torch.arange(max_len), persistent=False)

    def _look_up(self, table, ids):
        rows = torch.arange(table.num_embeddings, device=ids.device)
        hot = (ids[..., None] == rows).to(table.weight.dtype)
        return torch.einsum("...v,vd->...d", hot, table.weight)

    def forward(self, input_ids, token_type_ids=None):
        if input_ids.shape[1] > len(self.position_ids):
            raise ValueError("too long")
        if token_type_ids is None:
            token_type_ids = input_ids * 0
        x = self._look_up(self.position_embeddings, self.position_ids[: input_ids.shape[1]])
        x = x + self._look_up(self.word_embeddings, input_ids)
        x = self.norm(x + self._look_up(self.token_type_embeddings, token_type_ids))
        if self.training and self.p > 0:
            x = x * (torch.rand_like(x) >= self.p) / (1 - self.p)
        return x
