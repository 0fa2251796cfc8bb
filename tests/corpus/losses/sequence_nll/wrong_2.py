# wrong: uses lengths, so only padding on the right works

import torch


def sequence_nll(logits, tokens, mask):
    x, y = logits[:, :-1], tokens[:, 1:]
    lengths = mask.sum(1, keepdim=True)
    use = torch.arange(1, tokens.shape[1], device=mask.device) < lengths
    y = y.clamp(0, logits.shape[-1] - 1)
    nll = -x.log_softmax(-1).gather(-1, y[..., None])[..., 0]
    loss = (nll * use).sum() / use.sum().clamp(min=1)
    return loss, loss.exp()
