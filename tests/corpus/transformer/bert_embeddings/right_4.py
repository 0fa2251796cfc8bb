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
        """One position after the other, and the norm by hand."""
        if input_ids.shape[1] > self.position_embeddings.weight.shape[0]:
            raise ValueError("more tokens than positions")
        out = []
        for t in range(input_ids.shape[1]):
            x = self.word_embeddings(input_ids[:, t]) + self.position_embeddings.weight[t]
            if token_type_ids is None:
                x = x + self.token_type_embeddings.weight[0]
            else:
                x = x + self.token_type_embeddings(token_type_ids[:, t])
            x = x - x.mean(-1, keepdim=True)
            x = x / (x.square().mean(-1, keepdim=True) + 1e-12).sqrt()
            out.append(x * self.norm.weight + self.norm.bias)
        return self.dropout(torch.stack(out, dim=1))
