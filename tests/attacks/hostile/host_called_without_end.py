"""Call the host a hundred thousand times."""
# verdict: wrong, raised, too slow
# stopped by: the parent's own log, deadline
# katas: beam_search
def attack(right, score, prompt, *args, **kwargs):
    for _ in range(100_000):
        score([[0]])
    return right(score, prompt, *args, **kwargs)
