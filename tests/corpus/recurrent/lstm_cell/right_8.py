import torch


def _sig(v):
    return 0.5 + 0.5 * torch.tanh(0.5 * v)


def lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    old_h, old_c = state
    d = old_c.size(1)
    z = (torch.addmm(bias_ih, x, weight_ih.t()) + torch.addmm(bias_hh, old_h, weight_hh.t())).view(
        -1, 4, d
    )
    acts = [
        f(z.select(1, n))
        for n, f in enumerate((torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid))
    ]
    new_c = (torch.stack(acts[:2]) * torch.stack([acts[2], old_c])).sum(0)
    return acts[3].mul(new_c.tanh()), new_c
