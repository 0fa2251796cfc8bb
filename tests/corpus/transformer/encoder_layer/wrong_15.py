# wrong: the mask of the first call is kept
import torch
from torch import nn


class EncoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        self.pre_norm = pre_norm

    def attend(self, x, mask, padding):
        if mask is not None and (getattr(self, "_m", None) is None or self._m.shape != mask.shape):
            self._m = mask
        mask = self._m if mask is not None else None
        return self.attention(
            x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False
        )[0]

    def ff(self, x):
        return self.down(torch.relu(self.up(x)))

    def forward(self, x, mask=None, padding=None):
        if self.pre_norm:
            x = x + self.dropout(self.attend(self.norm_1(x), mask, padding))
            return x + self.dropout(self.ff(self.norm_2(x)))
        x = self.norm_1(x + self.dropout(self.attend(x, mask, padding)))
        return self.norm_2(x + self.dropout(self.ff(x)))
