import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    """lse − (1−ε)·x_y − ε·mean x, in double precision."""
    if epsilon > 1 or epsilon < 0:
        raise ValueError
    x = logits.to(torch.float64)
    keep = target.ne(ignore_index)
    safe = torch.where(keep, target, torch.zeros_like(target))
    own = x.take_along_dim(safe[:, None], dim=1)[:, 0]
    m = x.amax(1)
    lse = m + torch.log(torch.exp(x - m[:, None]).sum(1))
    loss = lse - (1 - epsilon) * own - epsilon * x.mean(1)
    return (torch.where(keep, loss, 0).sum() / torch.clamp(keep.sum(), min=1)).to(logits.dtype)
