# wrong: clamps the caller's labels


def shift_right(labels, start_id, pad_id):
    tokens = labels.clone()
    tokens[:, 1:] = labels[:, :-1]
    tokens[tokens == -100] = pad_id
    tokens[:, :1] = start_id
    return tokens


def teacher_forcing_loss(decoder, labels, start_id, pad_id):
    logits = decoder(shift_right(labels, start_id, pad_id))
    real = labels != -100
    logp = logits.log_softmax(-1).gather(-1, labels.clamp_(min=0).unsqueeze(-1)).squeeze(-1)
    if not real.any():
        return (logits * 0).sum()
    return -logp[real].mean()
