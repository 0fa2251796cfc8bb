import torch
from torch.nn import functional as F


def shift_right(labels, start_id, pad_id):
    rows = []
    for row in labels.unbind():
        tokens = torch.where(row == -100, pad_id, row)[:-1]
        rows.append(F.pad(tokens, (1, 0), value=start_id))
    return torch.stack(rows)


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    """Token by token."""
    logits = decoder(shift_right(labels, start_id, pad_id))
    log_z = torch.logsumexp(logits, dim=-1)
    losses = []
    for b, row in enumerate(labels.tolist()):
        for t, label in enumerate(row):
            if label != -100:
                losses.append(log_z[b, t] - logits[b, t, label])
    return torch.stack(losses).mean() if losses else 0.0 * logits.sum()
