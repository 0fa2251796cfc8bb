# wrong: the masks are added as ones, so hidden keys are preferred a little
import torch
import torch.nn.functional as F
from torch import nn


def additive(hidden, like):
    if hidden is None:
        return None
    return hidden.to(like.dtype)


class EncoderLayer(nn.Module):
    """Tokens first inside, additive masks, norms by hand."""

    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, n_heads)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.pre_norm = pre_norm
        self.p = dropout

    def branch(self, x, norm, f):
        inner = norm(x) if self.pre_norm else x
        total = x + F.dropout(f(inner), p=self.p, training=self.training)
        return total if self.pre_norm else norm(total)

    def forward(self, x, mask=None, padding=None):
        float_mask, float_padding = additive(mask, x), additive(padding, x)
        t = x.transpose(0, 1)

        def attention(u):
            return self.attention(
                u, u, u, attn_mask=float_mask, key_padding_mask=float_padding, need_weights=False
            )[0]

        t = self.branch(t, self.norm_1, attention)
        t = self.branch(t, self.norm_2, lambda u: self.down(F.relu(self.up(u))))
        return t.transpose(0, 1)
