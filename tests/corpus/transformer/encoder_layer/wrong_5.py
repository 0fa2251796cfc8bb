# wrong: hidden keys have a score of zero
import torch
import torch.nn as nn


class OwnAttention(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h, self.d = h, d
        self.in_proj_weight = nn.Parameter(torch.randn(3 * d, d) / d**0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * d))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, blocked):
        heads = []
        w, b, e = self.in_proj_weight, self.in_proj_bias, self.d // self.h
        for i in range(self.h):
            part = [slice(j * self.d + i * e, j * self.d + (i + 1) * e) for j in range(3)]
            q, k, v = (x @ w[s].T + b[s] for s in part)
            score = torch.bmm(q, k.transpose(1, 2)) * e**-0.5
            score = torch.where(blocked, 0.0, score)
            heads.append(torch.bmm(torch.softmax(score, -1), v))
        return self.out_proj(torch.cat(heads, -1))


class EncoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.attention = OwnAttention(d_model, n_heads)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.network = nn.Sequential(nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.pre = pre_norm

    def forward(self, x, mask=None, padding=None):
        b, t = x.shape[:2]
        blocked = x.new_zeros((b, t, t), dtype=torch.bool)
        if mask is not None:
            blocked = torch.logical_or(blocked, mask.unsqueeze(0))
        if padding is not None:
            blocked = torch.logical_or(blocked, padding.unsqueeze(1))
        if self.pre:
            y = x + self.dropout(self.attention(self.norm_1(x), blocked))
            z = y + self.dropout(self.down(self.network(self.up(self.norm_2(y)))))
        else:
            y = self.norm_1(self.dropout(self.attention(x, blocked)) + x)
            z = self.norm_2(self.dropout(self.down(self.network(self.up(y)))) + y)
        return z
