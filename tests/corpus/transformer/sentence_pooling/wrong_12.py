# wrong: padding is lowered by a number that is too small
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
    top = (hidden - (~words) * (hidden.detach().abs().amax() + 1)).amax(1)
    top = top.masked_fill(~words.any(1), 0)
    return torch.cat([top, mean], -1)
