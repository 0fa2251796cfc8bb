# wrong: multiplies logits by the mask before the softmax and counts everything



def sequence_nll(logits, tokens, mask):
    x = logits * mask[..., None]
    y = tokens.masked_fill(~mask, 0)[:, 1:]
    nll = -x[:, :-1].log_softmax(-1).gather(-1, y[..., None])[..., 0]
    loss = nll.sum() / max(nll.numel(), 1)
    return loss, loss.exp()
