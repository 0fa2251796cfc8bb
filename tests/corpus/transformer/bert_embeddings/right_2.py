import torch
from torch import nn
from torch.nn import functional as F


class BertEmbeddings(nn.Module):
    def __init__(self, vocab_size, d_model, max_len, n_segments=2, dropout=0.1):
        super().__init__()
        self.max_len = max_len
        self.word_embeddings = nn.Embedding(vocab_size, d_model)
        self.token_type_embeddings = nn.Embedding(n_segments, d_model)
        self.position_embeddings = nn.Embedding(max_len, d_model)
        self.norm = nn.LayerNorm(d_model, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids, token_type_ids=None):
        """Slices of the tables' weights."""
        B, T = input_ids.shape
        if T > self.max_len:
            raise ValueError(T)
        segments = self.token_type_embeddings.weight
        x = self.word_embeddings.weight[input_ids] + self.position_embeddings.weight[None, :T]
        x = x + (segments[0] if token_type_ids is None else segments[token_type_ids])
        return F.dropout(self.norm(x), self.dropout.p, self.training)
