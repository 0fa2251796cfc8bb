# wrong: heads are folded into the batch with the batch outside, the mask is repeated with the heads outside: wrong for B > 1 and n_heads > 1
"""Multi-head self-attention.

Project the tokens to queries, keys and values, let every head attend on its own, join the heads
and project back:

    head = softmax(Q Kᵀ / √d_head) V,    d_head = d_model / n_heads

Each head works on its own neighbouring features: head 0 on the first d_head features of every
projection, head 1 on the next d_head, and so on. The heads are joined in the same order.

Padding tokens (`padding` is True there, on either side or in between) are never attended to: as
keys they get weight zero. They still ask as queries, so their rows of the output are computed
like any other. In a sequence that is all padding, nothing is left to attend to: every weight is
zero, and the heads are zero before the last projection. No NaN may appear there, in the output or
in a gradient.

The output has the shape and dtype of `x`. There is no dropout.

>>> layer = SelfAttention(d_model=8, n_heads=2)
>>> layer(torch.zeros(3, 5, 8)).shape
torch.Size([3, 5, 8])
>>> padding = torch.tensor([[False, False, True]])
>>> x = torch.ones(1, 3, 8)
>>> x[0, 2] = 100.0  # what stands in the padding does not matter to the others
>>> torch.allclose(layer(x, padding)[0, :2], layer(x[:, :2])[0])
True
"""

import math

import torch
import torch.nn as nn


class SelfAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        width, rest = divmod(d_model, n_heads)
        if rest:
            raise ValueError("%d does not divide %d" % (n_heads, d_model))
        self._nh = n_heads
        self._w = width
        self.out_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.q_proj = nn.Linear(d_model, d_model)
        self._factor = 1 / math.sqrt(width)
        self.register_buffer("_nothing", torch.zeros(1, 1, dtype=torch.bool), persistent=False)

    def _fold(self, y):
        b, t, _ = y.shape
        y = y.reshape(b, t, self._nh, self._w).permute(0, 2, 1, 3)
        return y.reshape(b * self._nh, t, self._w)

    def forward(self, x, padding=None):
        b, t, d = x.shape
        q = self._fold(self.q_proj(x))
        k = self._fold(self.k_proj(x))
        v = self._fold(self.v_proj(x))
        s = torch.bmm(q, k.transpose(1, 2))
        s *= self._factor
        if padding is None:
            padding = self._nothing.expand(b, t)
        rows = padding.repeat(self._nh, 1)[:, None, :]
        s.masked_fill_(rows, torch.finfo(s.dtype).min)
        p = torch.softmax(s, -1)
        p = p * ~rows
        y = torch.bmm(p, v).reshape(b, self._nh, t, self._w)
        y = y.permute(0, 2, 1, 3).reshape(b, t, d)
        return self.out_proj(y)
