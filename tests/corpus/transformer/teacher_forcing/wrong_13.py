# wrong: the shift writes the padding token into the labels


def shift_right(labels, start_id, pad_id):
    labels[labels == -100] = pad_id
    tokens = labels.clone()
    tokens[:, 1:] = labels[:, :-1]
    tokens[:, :1] = start_id
    return tokens


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    logits = decoder(shift_right(labels.clone(), start_id, pad_id))
    real = labels != -100
    logp = logits.log_softmax(-1).gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    if not real.any():
        return (logits * 0).sum()
    return -logp[real].mean()
