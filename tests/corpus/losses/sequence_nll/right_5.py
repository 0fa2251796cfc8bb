# right: PyTorch's nll_loss

import torch
import torch.nn.functional as F


def sequence_nll(logits, tokens, mask):
    valid = mask[:, :-1] & mask[:, 1:]
    x = logits[:, :-1][valid].to(torch.promote_types(logits.dtype, torch.float32))
    y = tokens[:, 1:][valid]
    lp = F.log_softmax(x, -1)
    nll = F.nll_loss(lp, y, reduction="sum") / max(len(y), 1) if len(y) else x.sum()
    return nll.to(logits.dtype), nll.detach().exp().to(logits.dtype)
