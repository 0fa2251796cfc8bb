import torch
from torch import nn


class EncoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.pre_norm = pre_norm
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        self.drop_1 = nn.Dropout(dropout)
        self.drop_2 = nn.Dropout(dropout)

    def sublayer_1(self, x, mask, padding):
        return self.drop_1(self.attention(x, x, x, key_padding_mask=padding, attn_mask=mask)[0])

    def sublayer_2(self, x):
        return self.drop_2(self.down(self.up(x).clamp(min=0)))

    def forward(self, x, mask=None, padding=None):
        h = self.norm_1(x) if self.pre_norm else x
        x = x + self.sublayer_1(h, mask, padding)
        if not self.pre_norm:
            x = self.norm_1(x)
        h = self.norm_2(x) if self.pre_norm else x
        x = x + self.sublayer_2(h)
        if not self.pre_norm:
            x = self.norm_2(x)
        return x
