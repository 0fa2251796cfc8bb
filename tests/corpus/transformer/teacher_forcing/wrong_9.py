# all padding: a fresh zero, so that no gradient reaches the decoder
import torch
import torch.nn.functional as F


def shift_right(labels, start_id, pad_id):
    start = torch.full_like(labels[:, :1], start_id)
    shifted = torch.cat([start, labels[:, :-1]], dim=1)
    return shifted.masked_fill(shifted == -100, pad_id)


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    if (labels == -100).all():
        return torch.zeros((), requires_grad=True)
    logits = decoder(shift_right(labels, start_id, pad_id))
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
