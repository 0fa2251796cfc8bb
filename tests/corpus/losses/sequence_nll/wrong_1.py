# wrong: takes tokens below zero for padding and ignores the mask



def sequence_nll(logits, tokens, mask):
    x, y = logits[:, :-1], tokens[:, 1:]
    use = (y >= 0) & (tokens[:, :-1] >= 0) & (y < logits.shape[-1])
    nll = -x.log_softmax(-1).gather(-1, y.masked_fill(~use, 0)[..., None])[..., 0]
    loss = (nll * use).sum() / use.sum().clamp(min=1)
    return loss, loss.exp()
