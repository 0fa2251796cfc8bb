# wrong: repairs the NaN of empty rows afterwards
import torch


def sentence_pooling(hidden, attention_mask, special_tokens_mask, mode):
    real = attention_mask == 1
    if mode == "cls":
        first = real.long().argmax(dim=1)
        taken = hidden[torch.arange(hidden.shape[0], device=hidden.device), first]
        return taken * real.any(1, keepdim=True)
    if mode not in ("mean", "max_mean"):
        raise ValueError(mode)
    words = (real & (special_tokens_mask == 0)).unsqueeze(-1)
    count = words.sum(1)
    mean = (hidden * words).sum(1) / count
    mean = mean.nan_to_num()
    if mode == "mean":
        return mean
    top = torch.where(words, hidden, float("-inf")).max(dim=1).values
    top = torch.where(count > 0, top, 0.0)
    return torch.cat((top, mean), 1)
