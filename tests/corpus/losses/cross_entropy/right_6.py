# right: a gradient of its own

import torch


class _CE(torch.autograd.Function):
    """Own gradient: w/mass * (softmax - onehot)."""

    @staticmethod
    def forward(ctx, logits, index, y, w):
        x = logits[index].double()
        logp = x - x.logsumexp(1, keepdim=True)
        p = logp.exp()
        rows = torch.arange(len(y), device=y.device)
        loss = -(w * logp[rows, y]).sum()
        p[rows, y] -= 1
        grad = torch.zeros(logits.shape, dtype=torch.float64, device=logits.device)
        grad[index] = w[:, None] * p
        ctx.save_for_backward(grad.to(logits.dtype))
        return loss.to(logits.dtype)

    @staticmethod
    def backward(ctx, g):
        return ctx.saved_tensors[0] * g, None, None, None


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction != "mean" and reduction != "sum":
        raise ValueError
    index = torch.nonzero(target != ignore_index)[:, 0]
    y = target[index]
    w = (
        torch.ones(len(y), dtype=torch.float64, device=logits.device)
        if weight is None
        else weight[y].detach().double()
    )
    if reduction == "mean" and len(y):
        w = w / w.sum()
    return _CE.apply(logits, index, y, w)
