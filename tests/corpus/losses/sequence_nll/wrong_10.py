# wrong: the mean of the nll over positions first, then over the batch



def sequence_nll(logits, tokens, mask):
    use = mask[:, 1:] & mask[:, :-1]
    y = tokens[:, 1:].masked_fill(~use, 0)
    nll = -logits[:, :-1].log_softmax(-1).gather(-1, y[..., None])[..., 0] * use
    if not use.any():
        return nll.sum(), nll.sum().exp()
    columns = use.any(0)
    loss = (nll.sum(0)[columns] / use.sum(0)[columns]).mean()
    return loss, loss.exp()
