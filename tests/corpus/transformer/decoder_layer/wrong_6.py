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

    def forward(self, x, source, blocked):
        heads = []
        w, b, e = self.in_proj_weight, self.in_proj_bias, self.d // self.h
        for i in range(self.h):
            part = [slice(j * self.d + i * e, j * self.d + (i + 1) * e) for j in range(3)]
            q = x @ w[part[0]].T + b[part[0]]
            k, v = (source @ w[s].T + b[s] for s in part[1:])
            score = torch.bmm(q, k.transpose(1, 2)) * e**-0.5
            score = torch.where(blocked, 0.0, score)
            heads.append(torch.bmm(torch.softmax(score, -1), v))
        return self.out_proj(torch.cat(heads, -1))


class DecoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        self.self_attention = OwnAttention(d_model, n_heads)
        self.cross_attention = OwnAttention(d_model, n_heads)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.norm_3 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        self.pre = pre_norm

    def forward(self, x, memory, padding=None, memory_padding=None):
        b, t, _ = x.shape
        s = memory.shape[1]
        blocked = ~x.new_ones((b, t, t), dtype=torch.bool).tril()
        if padding is not None:
            blocked = torch.logical_or(blocked, padding.unsqueeze(1))
        away = x.new_zeros((b, t, s), dtype=torch.bool)
        if memory_padding is not None:
            away = torch.logical_or(away, memory_padding.unsqueeze(1))
        if self.pre:
            inner = self.norm_1(x)
            x = self.dropout(self.self_attention(inner, inner, blocked)) + x
            x = self.dropout(self.cross_attention(self.norm_2(x), memory, away)) + x
            return self.dropout(self.down(torch.relu(self.up(self.norm_3(x))))) + x
        x = self.norm_1(self.dropout(self.self_attention(x, x, blocked)) + x)
        x = self.norm_2(self.dropout(self.cross_attention(x, memory, away)) + x)
        return self.norm_3(self.dropout(self.down(torch.relu(self.up(x)))) + x)
