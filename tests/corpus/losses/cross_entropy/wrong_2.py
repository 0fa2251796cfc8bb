# wrong: weights multiply the logits' log-probabilities but the mean is over kept rows



def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    keep = target != ignore_index
    x, y = logits[keep], target[keep]
    nll = -x.log_softmax(-1).gather(1, y[:, None])[:, 0]
    if weight is not None:
        nll = nll * weight[y]
    return nll.sum() if reduction == "sum" or not len(y) else nll.mean()
