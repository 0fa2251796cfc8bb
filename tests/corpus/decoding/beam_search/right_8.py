# tokens are NumPy integers throughout
import numpy as np


def beam_search(score, prompt, eos, n_beams, max_new_tokens, length_penalty=1.0):
    """All in arrays: tokens (n, t), sums (n,)."""
    if min(n_beams, max_new_tokens) < 1:
        raise ValueError
    tokens = np.zeros((1, 0), dtype=np.int64)
    sums = np.zeros(1, dtype=np.float64)
    out, worth = [], np.zeros(0)
    for t in range(1, max_new_tokens + 1):
        if len(sums) == 0:
            break
        if len(out) == n_beams and not (sums / max_new_tokens**length_penalty > worth[-1]).any():
            break
        logp = np.array(score([prompt + list(row) for row in tokens]), dtype=np.float64)
        n, v = logp.shape
        total = (sums[:, None] + logp).ravel()
        order = np.argsort(-total, kind="stable")
        order = order[total[order] > -np.inf]
        done = np.full(len(order), t == max_new_tokens) | (order % v == eos)
        for k in order[:n_beams][done[:n_beams]]:
            out.append(list(tokens[k // v]) + [k % v])
            worth = np.append(worth, total[k] / t**length_penalty)
        keep = np.argsort(-worth, kind="stable")[:n_beams]
        out, worth = [out[k] for k in keep], worth[keep]
        nxt = order[~done][:n_beams]
        tokens = np.hstack([tokens[nxt // v], (nxt % v)[:, None]])
        sums = total[nxt]
    return list(zip(out, worth.tolist()))
