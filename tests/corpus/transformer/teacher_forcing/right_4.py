import torch
from torch.nn import functional as F


def shift_right(labels, start_id, pad_id):
    inputs = labels.new_full(labels.shape, start_id)
    before = labels[:, : labels.shape[1] - 1]
    inputs[:, 1:] = before * (before != -100) + pad_id * (before == -100)
    return inputs


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    logits = decoder(shift_right(labels, start_id, pad_id))
    logits = logits - logits.amax(-1, keepdim=True).detach()
    log_p = logits - logits.exp().sum(-1, keepdim=True).log()
    hot = (labels[..., None] == torch.arange(logits.shape[-1], device=labels.device)).to(log_p.dtype)
    return -torch.einsum("btv,btv->", hot, log_p) / max(int(hot.sum()), 1)
