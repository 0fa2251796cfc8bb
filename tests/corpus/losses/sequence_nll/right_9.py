# right: cross_entropy with its own ignored index

import torch.nn.functional as F


def sequence_nll(logits, tokens, mask):
    counts = mask[:, 1:] & mask[:, :-1]
    labels = tokens[:, 1:].masked_fill(~counts, -100)
    total = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels.flatten(), reduction="sum")
    loss = total / counts.sum().clamp(min=1)
    return loss, loss.detach().exp()
