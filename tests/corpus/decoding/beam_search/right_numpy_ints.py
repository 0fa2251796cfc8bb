import numpy as np


def beam_search(score, prompt, eos, n_beams, max_new_tokens, length_penalty=1.0):
    if n_beams <= 0 or max_new_tokens <= 0:
        raise ValueError

    # parallel lists: what was generated, and what it has cost
    seqs, costs = [[]], [np.float64(0)]
    out = []
    norm = lambda cost, n: -cost / np.float64(n**length_penalty)

    while seqs:
        lp = score([list(prompt) + s for s in seqs])
        n, v = np.shape(lp)
        cand = [
            (costs[i] - lp[i][t], i, t)
            for i in range(n)
            for t in range(v)
            if not np.isinf(lp[i][t])
        ]
        cand.sort()
        step = len(seqs[0]) + 1
        last = step == max_new_tokens

        for cost, i, t in cand[:n_beams]:
            if last or t == eos:
                out.append(([np.int64(x) for x in seqs[i] + [t]], norm(cost, step)))
        out = sorted(out, key=lambda h: h[1], reverse=True)[:n_beams]

        rest = [] if last else [x for x in cand if x[2] != eos][:n_beams]
        seqs, costs = [seqs[i] + [t] for _, i, t in rest], [c for c, _, _ in rest]
        if len(out) >= n_beams and seqs and norm(costs[0], max_new_tokens) <= out[-1][1]:
            seqs = []
    return out
