import torch


def sentence_pooling(hidden, attention_mask, special_tokens_mask, mode):
    if mode not in ("cls", "mean", "max_mean"):
        raise ValueError(f"mode {mode}")
    if mode == "cls":
        position = torch.arange(hidden.shape[1], device=hidden.device)
        position = position.masked_fill(attention_mask == 0, hidden.shape[1])
        first = position.min(dim=1).values.clamp(max=hidden.shape[1] - 1)
        index = first[:, None, None].expand(-1, 1, hidden.shape[2])
        taken = hidden.gather(1, index).squeeze(1)
        return torch.where(attention_mask.any(1)[:, None], taken, torch.zeros_like(taken))
    words = (attention_mask > special_tokens_mask).unsqueeze(2)
    n = words.sum(1).to(hidden.dtype)
    mean = torch.where(words, hidden, hidden.new_zeros(())).sum(1) / torch.where(n > 0, n, 1)
    if mode == "mean":
        return mean
    top = hidden.sort(dim=1, descending=True)
    kept = words.expand_as(hidden).gather(1, top.indices)
    best = kept & (kept.cumsum(1) == 1)
    return torch.cat([(top.values * best).sum(1), mean], dim=-1)
