# wrong: ignored targets are overwritten in the argument

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def label_smoothing(
    logits: Float[Tensor, "N K"],
    target: Int64[Tensor, "N"],
    epsilon: float = 0.1,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    if epsilon >= 0 and epsilon <= 1:
        n, k = logits.shape
        keep = target.ne(ignore_index)
        x = logits.to(torch.promote_types(logits.dtype, torch.float32))
        lp = x - torch.logsumexp(x, -1, keepdim=True)
        target[~keep] = 0
        onehot = (target[:, None] == torch.arange(k, device=target.device)) & keep[:, None]
        q = onehot.to(x.dtype) * (1 - epsilon) + epsilon / k
        rows = torch.einsum("nk,nk->n", q, lp).neg()
        return (torch.where(keep, rows, 0).sum() / keep.sum().clamp(min=1)).to(logits.dtype)
    raise ValueError(f"{epsilon} is not in [0, 1]")
