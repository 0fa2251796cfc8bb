
import torch


def _one(logits, tokens, mask):
    ok = torch.logical_and(mask[1:], mask[:-1]).to(logits.dtype)
    ids = tokens[1:].clamp(0, logits.shape[-1] - 1).unsqueeze(-1)
    picked = torch.take_along_dim(logits[:-1], ids, dim=-1).squeeze(-1)
    lse = torch.logsumexp(logits[:-1], dim=-1)
    return ((lse - picked) * ok).sum(), ok.sum()


def sequence_nll(logits, tokens, mask):
    """Sums and counts per sequence, combined once."""
    sums, counts = zip(*(_one(*row) for row in zip(logits, tokens, mask)))
    n = torch.stack(counts).sum()
    loss = torch.stack(sums).sum() / torch.where(n > 0, n, torch.ones_like(n))
    with torch.no_grad():
        perplexity = torch.exp(loss)
    return loss, perplexity
