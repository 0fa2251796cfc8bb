
from torch.nn import functional as F


def sequence_nll(logits, tokens, mask):
    """Loops."""
    B, T, _ = logits.shape
    total, n = logits.sum() * 0, 0
    for b in range(B):
        for t in range(1, T):
            if mask[b, t] and mask[b, t - 1]:
                row = logits[b, t - 1]
                total = total - F.log_softmax(row, dim=0)[tokens[b, t]]
                n += 1
    loss = total / n if n else total
    return loss, loss.exp()
