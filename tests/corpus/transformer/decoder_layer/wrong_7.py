# wrong: dropout stays on in evaluation mode
import torch
import torch.nn.functional as F
from torch import nn


def additive(hidden, like):
    if hidden is None:
        return None
    return torch.zeros_like(hidden, dtype=like.dtype).masked_fill(hidden, float("-inf"))


class DecoderLayer(nn.Module):
    """Tokens first inside, additive masks."""

    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.self_attention = nn.MultiheadAttention(d_model, n_heads)
        self.cross_attention = nn.MultiheadAttention(d_model, n_heads)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        for i in (1, 2, 3):
            self.add_module(f"norm_{i}", nn.LayerNorm(d_model))
        self.pre_norm = pre_norm
        self.p = dropout

    def forward(self, x, memory, padding=None, memory_padding=None):
        t, m = x.transpose(0, 1), memory.transpose(0, 1)
        future = nn.Transformer.generate_square_subsequent_mask(
            len(t), device=x.device, dtype=x.dtype
        )
        pads = additive(padding, x), additive(memory_padding, x)
        sublayers = [
            lambda u: self.self_attention(
                u, u, u, attn_mask=future, key_padding_mask=pads[0], need_weights=False
            )[0],
            lambda u: self.cross_attention(u, m, m, key_padding_mask=pads[1])[0],
            lambda u: self.down(F.relu(self.up(u))),
        ]
        for i, sublayer in enumerate(sublayers, 1):
            norm = self.get_submodule(f"norm_{i}")
            inner = norm(t) if self.pre_norm else t
            t = t + F.dropout(sublayer(inner), p=self.p)
            if not self.pre_norm:
                t = norm(t)
        return t.transpose(0, 1)
