# wrong: a perplexity of 0 if no guess counts

import torch


def sequence_nll(logits, tokens, mask):
    valid = mask[:, :-1] & mask[:, 1:]
    x = logits[:, :-1][valid].to(torch.promote_types(logits.dtype, torch.float32))
    if len(x) == 0:
        return x.sum().to(logits.dtype), logits.new_zeros(())
    y = tokens[:, 1:][valid]
    loss = -x.log_softmax(-1).gather(1, y[:, None]).mean()
    return loss.to(logits.dtype), loss.detach().exp().to(logits.dtype)
