# wrong: feeds the labels, and predicts the next one
import torch
from torch.nn import functional as F


def shift_right(labels, start_id, pad_id):
    shifted = torch.empty_like(labels)
    shifted[:, 0] = start_id
    shifted[:, 1:] = labels[:, :-1]
    shifted[shifted == -100] = pad_id
    return shifted


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    logits = decoder(labels.masked_fill(labels == -100, pad_id)).roll(1, 1)
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
