# wrong: half precision comes out as single

import torch


def sequence_nll(logits, tokens, mask):
    batch, length, _ = logits.shape
    total, n = logits[:0].sum().double(), 0
    for b in range(batch):
        for t in range(length - 1):
            if mask[b, t] and mask[b, t + 1]:
                row = logits[b, t].double()
                total = total + torch.logsumexp(row, 0) - row[tokens[b, t + 1].item()]
                n += 1
    if n:
        total = total / n
    return total.to(torch.promote_types(logits.dtype, torch.float32)), total.exp().to(
        torch.promote_types(logits.dtype, torch.float32)
    )
