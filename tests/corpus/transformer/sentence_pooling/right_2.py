import torch


def sentence_pooling(hidden, attention_mask, special_tokens_mask, mode):
    """One sentence after the other."""
    if mode not in {"cls", "mean", "max_mean"}:
        raise ValueError(f"unknown mode {mode!r}")
    zero = hidden.new_zeros(hidden.shape[-1])
    out = []
    for b in range(hidden.shape[0]):
        tokens = attention_mask[b].bool()
        if mode == "cls":
            own = hidden[b][tokens]
            out.append(own[0] if len(own) else zero)
            continue
        words = hidden[b][tokens & ~special_tokens_mask[b].bool()]
        mean = words.mean(0) if len(words) else zero
        if mode == "mean":
            out.append(mean)
        else:
            top = words.max(0)[0] if len(words) else zero
            out.append(torch.cat([top, mean]))
    return torch.stack(out)
