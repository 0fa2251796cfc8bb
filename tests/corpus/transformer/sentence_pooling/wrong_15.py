# wrong: padding is written over in the caller's tensor while no gradient is recorded
import torch


def sentence_pooling(hidden, attention_mask, special_tokens_mask, mode):
    if mode not in ("cls", "mean", "max_mean"):
        raise ValueError(mode)
    B, T, d = hidden.shape
    if mode == "cls":
        is_token = attention_mask == 1
        first = is_token & (is_token.cumsum(1) == 1)
        return torch.where(first[..., None], hidden, 0).sum(1)
    words = ((attention_mask == 1) & (special_tokens_mask == 0))[..., None]
    n = words.sum(1).clamp(min=1)
    mean = (torch.where(words, hidden, 0) / n[:, None].to(hidden.dtype)).sum(1)
    if mode == "mean":
        return mean
    if T == 0:
        return hidden.new_zeros(B, 2 * d)
    top = (
        (hidden if not hidden.requires_grad else hidden.clone())
        .masked_fill_(~words, float("-inf"))
        .amax(1)
    )
    top = top.masked_fill(~words.any(1), 0)
    return torch.cat([top, mean], -1)
