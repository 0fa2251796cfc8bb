# right: ignored rows are multiplied by zero, which is enough while their losses are finite

import torch


def label_smoothing(logits, target, epsilon=0.1, ignore_index=-100):
    if not 0 <= epsilon <= 1:
        raise ValueError(epsilon)
    keep = target != ignore_index
    lp = logits.log_softmax(1)
    nll = -lp.gather(1, target.masked_fill(~keep, 0)[:, None])[:, 0]
    row = (1 - epsilon) * nll - epsilon * lp.mean(1)
    return (row * keep).sum() / keep.sum().clamp(min=1)
