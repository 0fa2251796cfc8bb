# wrong: flattens first and then shifts, so the last guess of a row is compared with the next row



def sequence_nll(logits, tokens, mask):
    x = logits.reshape(-1, logits.shape[-1])[:-1]
    y, m = tokens.reshape(-1), mask.reshape(-1)
    use = m[1:] & m[:-1]
    nll = -x.log_softmax(-1).gather(-1, y[1:].masked_fill(~use, 0)[:, None])[:, 0] * use
    loss = nll.sum() / use.sum().clamp(min=1)
    return loss, loss.exp()
