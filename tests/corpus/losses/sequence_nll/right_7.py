# right: padding is multiplied by zero, which is enough while its nll is finite

import torch


def sequence_nll(logits, tokens, mask):
    valid = mask[:, :-1] & mask[:, 1:]
    y = tokens[:, 1:].masked_fill(~valid, 0)
    nll = -logits[:, :-1].log_softmax(-1).gather(2, y[..., None])[..., 0]
    loss = (nll * valid).sum() / valid.sum().clamp(min=1)
    return loss, loss.detach().exp()
