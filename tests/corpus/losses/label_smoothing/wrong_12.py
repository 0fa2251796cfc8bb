# wrong: half precision comes out as single

import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    if not 0 <= epsilon <= 1:
        raise ValueError(epsilon)
    keep = target != ignore_index
    if not keep.any():
        return logits[:0].sum()
    lp = logits[keep].to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(1)
    nll = -lp.gather(1, target[keep][:, None])[:, 0]
    loss = (1 - epsilon) * nll.sum() - epsilon * lp.mean(1).sum()
    return loss / keep.sum()
