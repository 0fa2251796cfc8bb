"""In double precision, with a log-sum-exp whose empty rows are cut off."""

import torch


def einsum_attention(q, k, v, mask=None):
    kind = q.dtype
    q, k, v = q.double(), k.double(), v.double()
    scores = torch.einsum("...td,...sd->...ts", q, k) * float(q.shape[-1]) ** -0.5
    if mask is not None:
        scores = scores + mask.double()
    live = (scores > float("-inf")).any(dim=-1)
    scores = torch.where(live.unsqueeze(-1), scores, torch.tensor(0.0, device=q.device).double())
    weights = torch.exp(scores - torch.logsumexp(scores, dim=-1, keepdim=True))
    out = torch.einsum("...ts,...sv->...tv", weights, v)
    return (out * live.unsqueeze(-1)).to(kind)
