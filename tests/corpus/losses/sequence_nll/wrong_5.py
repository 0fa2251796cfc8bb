# wrong: writes zeros into the caller's tokens



def sequence_nll(logits, tokens, mask):
    tokens[~mask] = 0
    use = mask[:, 1:] & mask[:, :-1]
    nll = -logits[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]
    loss = (nll * use).sum() / use.sum().clamp(min=1)
    return loss, loss.exp()
