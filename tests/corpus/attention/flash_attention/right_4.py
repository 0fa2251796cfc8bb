"""A class of running statistics; heads folded into the batch; tiles with an end that is capped."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Running:
    m: Tensor
    l: Tensor
    o: Tensor

    def update(self, s: Tensor, v: Tensor) -> None:
        m = torch.maximum(self.m, s.amax(2))
        dead = m.isneginf()
        p = torch.exp(s - m.masked_fill(dead, 0)[:, :, None])
        c = torch.exp(self.m - m).masked_fill(dead, 1.0)
        self.l = c * self.l + p.sum(2)
        self.o = torch.baddbmm(c[:, :, None] * self.o, p, v)
        self.m = m

    def result(self) -> Tensor:
        return self.o * self.l.reciprocal().masked_fill(self.l.eq(0), 0.0)[:, :, None]


def flash_attention(q, k, v, *, tile, causal=False, padding=None):
    (B, H, Tq, d), (Tk, d_v) = q.shape, v.shape[2:]
    half = q.dtype in (torch.float16, torch.bfloat16)
    qs, ks, vs = (x.flatten(0, 1) for x in (q, k, v))
    lookback = Tk - Tq
    pieces = []
    for i in range(math.ceil(Tq / tile)):
        lo, hi = i * tile, min(Tq, (i + 1) * tile)
        Q = qs[:, lo:hi]
        Q = Q.float() if half else Q
        zeros = Q.new_zeros(*Q.shape[:2], d_v)
        state = Running(zeros.new_full(Q.shape[:2], -torch.inf), Q.new_zeros(Q.shape[:2]), zeros)
        for j in range(math.ceil(Tk / tile)):
            a, z = j * tile, min(Tk, (j + 1) * tile)
            K, V = ks[:, a:z], vs[:, a:z]
            if half:
                K, V = K.float(), V.float()
            S = torch.bmm(Q, K.transpose(1, 2)).mul_(1 / math.sqrt(d))
            if causal:
                ones = torch.ones(hi - lo, z - a, dtype=torch.bool, device=q.device)
                S.masked_fill_(ones.triu(lo + lookback - a + 1), -torch.inf)
            if padding is not None:
                S.masked_fill_(padding[:, a:z].repeat_interleave(H, 0)[:, None], -torch.inf)
            state.update(S, V)
        pieces.append(state.result())
    return torch.cat(pieces, 1).unflatten(0, (B, H)).to(q.dtype)
