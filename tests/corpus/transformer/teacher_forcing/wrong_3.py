# wrong: ignores the padding token in the loss
import torch
from torch.nn import functional as F


def shift_right(labels, start_id, pad_id):
    shifted = torch.empty_like(labels)
    shifted[:, 0] = start_id
    shifted[:, 1:] = labels[:, :-1]
    shifted[shifted == -100] = pad_id
    return shifted


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    logits = decoder(shift_right(labels, start_id, pad_id))
    total = F.cross_entropy(logits.flatten(0, 1), labels.masked_fill(labels == -100, pad_id).flatten(), ignore_index=pad_id, reduction="sum")
    return total / ((labels != -100) & (labels != pad_id)).sum().clamp(min=1)
