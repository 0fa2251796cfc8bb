
import torch


def sequence_nll(logits, tokens, mask):
    """Flat rows by boolean index."""
    use = mask[:, 1:] & mask[:, :-1]
    x = logits[:, :-1][use]
    y = tokens[:, 1:][use]
    nll = x.logsumexp(-1) - x[torch.arange(len(y), device=y.device), y]
    loss = nll.sum() / max(1, nll.numel())
    return loss, torch.exp(loss.detach())
