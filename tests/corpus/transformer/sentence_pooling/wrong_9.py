# a batch without words falls back on cls
import torch


def sentence_pooling(hidden, attention_mask, special_tokens_mask, mode):
    tokens = attention_mask.bool()
    words = tokens & ~special_tokens_mask.bool()
    if mode == "cls" or not words.any():
        first = tokens & (tokens.cumsum(dim=1) == 1)
        return (hidden * first.unsqueeze(-1)).sum(dim=1)
    if mode not in ("mean", "max_mean"):
        raise ValueError("mode must be cls, mean or max_mean")
    count = words.sum(dim=1, keepdim=True).clamp(min=1)
    mean = (hidden * words.unsqueeze(-1)).sum(dim=1) / count
    if mode == "mean":
        return mean
    top = hidden.masked_fill(~words.unsqueeze(-1), -torch.inf).amax(dim=1)
    top = top.masked_fill(~words.any(dim=1, keepdim=True), 0.0)
    return torch.cat([top, mean], dim=-1)
