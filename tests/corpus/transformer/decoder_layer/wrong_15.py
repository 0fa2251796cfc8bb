# wrong: the causal mask has a greatest length
import torch
from torch import nn


class DecoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.self_attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        self.cross_attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.norm_3 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        self.pre_norm = pre_norm
        self.register_buffer(
            "causal", torch.ones(64, 64, dtype=torch.bool).triu(1), persistent=False
        )

    def forward(self, x, memory, padding=None, memory_padding=None):
        T = x.shape[1]
        future = self.causal[:T, :T]

        def own(z):
            return self.self_attention(
                z, z, z, attn_mask=future, key_padding_mask=padding, need_weights=False
            )[0]

        def cross(z):
            return self.cross_attention(
                z, memory, memory, key_padding_mask=memory_padding, need_weights=False
            )[0]

        def ff(z):
            return self.down(torch.relu(self.up(z)))

        for norm, sublayer in ((self.norm_1, own), (self.norm_2, cross), (self.norm_3, ff)):
            if self.pre_norm:
                x = x + self.dropout(sublayer(norm(x)))
            else:
                x = norm(x + self.dropout(sublayer(x)))
        return x
