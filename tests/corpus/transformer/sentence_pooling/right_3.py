import torch


def _mean(hidden, words):
    w = words.to(torch.float64)
    w = w / w.sum(1, keepdim=True).clamp(min=1)
    return torch.einsum("btd,bt->bd", hidden.double(), w).to(hidden.dtype)


def _max(hidden, words):
    lowest = torch.finfo(hidden.dtype).min
    top = hidden.masked_fill(words[..., None] == 0, lowest).amax(dim=1)
    return top.masked_fill(words.sum(1)[:, None] == 0, 0)


def sentence_pooling(hidden, attention_mask, special_tokens_mask, mode):
    words = attention_mask * (1 - special_tokens_mask)
    match mode:
        case "cls":
            before = attention_mask.cumsum(1) - attention_mask
            return _mean(hidden, attention_mask * (before == 0))
        case "mean":
            return _mean(hidden, words)
        case "max_mean":
            return torch.cat([_max(hidden, words), _mean(hidden, words)], dim=-1)
        case _:
            raise ValueError("mode")
