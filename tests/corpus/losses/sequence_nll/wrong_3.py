# wrong: drops sequences without a guess, then averages averages



def sequence_nll(logits, tokens, mask):
    use = mask[:, 1:] & mask[:, :-1]
    y = tokens[:, 1:].masked_fill(~use, 0)
    nll = -logits[:, :-1].log_softmax(-1).gather(-1, y[..., None])[..., 0] * use
    n = use.sum(1)
    if not n.any():
        loss = nll.sum()
        return loss, loss.exp()
    loss = (nll.sum(1)[n > 0] / n[n > 0]).mean()
    return loss, loss.exp()
