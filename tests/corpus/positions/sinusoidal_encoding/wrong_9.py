# the table that is kept between calls is looked up without its base
import torch

_tables = {}


def sinusoidal_encoding(T, d_model, base=10_000.0, device=None):
    key = (d_model, str(device))
    if key not in _tables or len(_tables[key]) < T:
        even = torch.arange(0, d_model, 2, dtype=torch.float64, device=device)
        angles = torch.arange(T, dtype=torch.float64, device=device)[:, None] / base ** (even / d_model)
        table = torch.zeros(T, d_model, dtype=torch.float64, device=device)
        table[:, 0::2] = angles.sin()
        table[:, 1::2] = angles[:, : d_model // 2].cos()
        _tables[key] = table.float()
    return _tables[key][:T]
