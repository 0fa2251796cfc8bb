# wrong: returns a Python number



def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in ("mean", "sum"):
        raise ValueError
    total = norm = 0.0
    for row, y in zip(logits, target.tolist()):
        if y != ignore_index:
            w = 1.0 if weight is None else weight[y].item()
            total += w * (row.logsumexp(0) - row[y]).item()
            norm += w
    return total if reduction == "sum" or not norm else total / norm
