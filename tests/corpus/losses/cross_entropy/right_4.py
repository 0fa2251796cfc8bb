
import torch


class _CE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, w):
        p = x.softmax(1)
        ctx.save_for_backward(p, y, w)
        m = x.amax(1, keepdim=True)
        lse = m[:, 0] + (x - m).exp().sum(1).log()
        loss = lse - x.take_along_dim(y[:, None], 1)[:, 0]
        return torch.where(w == 0, 0, w * loss).sum()

    @staticmethod
    def backward(ctx, g):
        p, y, w = ctx.saved_tensors
        d = p.clone()
        d.scatter_add_(1, y[:, None], -torch.ones_like(d[:, :1]))
        return g * w[:, None] * d, None, None


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    """Own backward pass."""
    if reduction != "mean" and reduction != "sum":
        raise ValueError("what?")
    keep = target.ne(ignore_index)
    y = torch.where(keep, target, torch.zeros_like(target))
    w = logits.new_ones(logits.shape[1]) if weight is None else weight
    w = w[y] * keep
    if reduction == "mean":
        w = w / (w.sum() + (~keep.any()))
    return _CE.apply(logits, y, w)
