# wrong: caps the loss before the exponential, as training logs often do



def sequence_nll(logits, tokens, mask):
    use = mask[:, 1:] & mask[:, :-1]
    y = tokens[:, 1:].masked_fill(~use, 0)
    nll = -logits[:, :-1].log_softmax(-1).gather(-1, y[..., None])[..., 0] * use
    loss = nll.sum() / use.sum().clamp(min=1)
    return loss, loss.clamp(max=20.0).exp()
