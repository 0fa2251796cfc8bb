# wrong: takes a very unlikely token (below -1e9) for an impossible one


def beam_search(score, prompt, eos, n_beams, max_new_tokens, length_penalty=1.0):
    if n_beams < 1 or max_new_tokens < 1:
        raise ValueError("n_beams and max_new_tokens must be at least 1")
    live = [([], 0.0)]
    found = []  # (tokens, score) in order of discovery

    def best():
        return sorted(found, key=lambda h: -h[1])[:n_beams]

    while live:
        top = best()
        if len(top) == n_beams:
            bound = max(s for _, s in live) / max_new_tokens**length_penalty
            if bound <= top[-1][1]:
                break
        table = score([list(prompt) + list(t) for t, _ in live])
        extensions = []
        for (tokens, s), row in zip(live, table):
            for v, lp in enumerate(row.tolist()):
                if lp > -1e9:
                    extensions.append((tokens + [v], s + lp))
        extensions.sort(key=lambda e: -e[1])
        live = []
        for rank, (tokens, s) in enumerate(extensions):
            if tokens[-1] == eos or len(tokens) == max_new_tokens:
                if rank < n_beams:
                    found.append((tokens, s / len(tokens) ** length_penalty))
            elif len(live) < n_beams:
                live.append((tokens, s))
    return best()
