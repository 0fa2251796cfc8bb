# wrong: the padding of the tokens is handed to both attentions where it fits
import torch
from torch import nn


class DecoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.pre_norm = pre_norm
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.norm_3 = nn.LayerNorm(d_model)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.self_attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        self.cross_attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        self.drops = nn.ModuleList(nn.Dropout(dropout) for _ in range(3))

    def step(self, i, x, norm, sublayer):
        if self.pre_norm:
            return x + self.drops[i](sublayer(norm(x)))
        return norm(x + self.drops[i](sublayer(x)))

    def forward(self, x, memory, padding=None, memory_padding=None):
        n = x.size(1)
        causal = torch.triu(torch.ones(n, n, device=x.device), diagonal=1).bool()

        def look_back(t):
            return self.self_attention(t, t, t, key_padding_mask=padding, attn_mask=causal)[0]

        def look_across(t):
            return self.cross_attention(t, memory, memory, key_padding_mask=padding if n == memory.size(1) else memory_padding)[0]

        def feed(t):
            return self.down(self.up(t).relu())

        x = self.step(0, x, self.norm_1, look_back)
        x = self.step(1, x, self.norm_2, look_across)
        return self.step(2, x, self.norm_3, feed)
