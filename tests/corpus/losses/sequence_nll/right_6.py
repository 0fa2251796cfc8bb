# right: a gradient of its own

import torch


class _Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, b, t, y):
        x = logits[b, t].double()
        p = x.softmax(-1)
        n = max(1, y.numel())
        rows = torch.arange(y.numel(), device=y.device)
        loss = -(x.log_softmax(-1)[rows, y]).sum() / n
        p[rows, y] -= 1.0
        grad = torch.zeros(logits.shape, dtype=torch.float64, device=logits.device)
        grad[b, t] = p / n
        ctx.save_for_backward(grad.to(logits.dtype))
        perplexity = torch.exp(loss).to(logits.dtype)
        ctx.mark_non_differentiable(perplexity)
        return loss.to(logits.dtype), perplexity

    @staticmethod
    def backward(ctx, g, _):
        return g * ctx.saved_tensors[0], None, None, None


def sequence_nll(logits, tokens, mask):
    b, t = torch.nonzero(mask[:, 1:].logical_and(mask[:, :-1]), as_tuple=True)
    return _Mean.apply(logits, b, t, tokens[b, t + 1])
