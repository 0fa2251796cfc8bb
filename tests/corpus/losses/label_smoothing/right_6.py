# right: an ε that is no number at all is not asked for

import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    if epsilon < 0 or epsilon > 1:
        raise ValueError(epsilon)
    keep = target != ignore_index
    lp = logits[keep].to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(1)
    nll = -lp.gather(1, target[keep][:, None])[:, 0]
    loss = (1 - epsilon) * nll.sum() - epsilon * lp.mean(1).sum()
    return (loss / keep.sum().clamp(min=1)).to(logits.dtype)
