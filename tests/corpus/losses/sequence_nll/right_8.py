# right: a zero from the sum of all logits, which is finite

import torch


def sequence_nll(logits, tokens, mask):
    valid = mask[:, :-1] & mask[:, 1:]
    if not valid.any():
        zero = logits.sum() * 0.0
        return zero, zero.detach().exp()
    x = logits[:, :-1][valid].to(torch.promote_types(logits.dtype, torch.float32))
    y = tokens[:, 1:][valid]
    loss = -x.log_softmax(-1).gather(1, y[:, None]).mean()
    return loss.to(logits.dtype), loss.detach().exp().to(logits.dtype)
