# wrong: half precision goes in and float32 comes out
import torch


def lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    dtype = x.dtype
    x, h, c, wi, wh, bi, bh = (
        v.to(torch.promote_types(v.dtype, torch.float32))
        for v in (x, *state, weight_ih, weight_hh, bias_ih, bias_hh)
    )
    i, f, g, o = (x @ wi.T + bi + h @ wh.T + bh).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
