# wrong: keeps the joined weights of the last call and does not see that they have changed since
import torch

_joined = {}


def lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    entry = _joined.get("last")
    if (
        entry is None
        or entry[0] is not weight_ih
        or entry[1] is not weight_hh
        or torch.is_grad_enabled()
    ):
        entry = weight_ih, weight_hh, torch.cat([weight_ih, weight_hh], dim=1)
        _joined["last"] = entry
    i, f, g, o = (torch.cat([x, h], dim=1) @ entry[2].T + bias_ih + bias_hh).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
