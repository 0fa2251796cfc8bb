# wrong: a view of logits that need not lie in one piece
import torch
import torch.nn.functional as F


def shift_right(labels, start_id, pad_id):
    start = labels.new_full((labels.shape[0], 1), start_id)
    shifted = torch.cat([start, labels[:, :-1]], dim=1)[:, : labels.shape[1]]
    return shifted.masked_fill(shifted == -100, pad_id)


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    logits = decoder(shift_right(labels, start_id, pad_id))
    total = F.cross_entropy(
        logits.view(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100, reduction="sum"
    )
    return total / (labels != -100).sum().clamp(min=1)
