"""Search the memory that we have inherited for what an earlier answer left there."""
# verdict: raised
# stopped by: the warm process reads no answer
# katas: lstm_cell
import gc


def attack(right, *args, **kwargs):
    needle = "OTHER_LEARNERS" + "_SOURCE"
    texts = [thing for thing in gc.get_objects() if type(thing) is dict]
    hits = sum(needle in repr(value)[:10_000] for d in texts for value in list(d.values()) if type(value) is str)
    try:
        import ctypes

        for line in open("/proc/self/maps"):
            span, rights = line.split()[:2]
            low, high = (int(end, 16) for end in span.split("-"))
            if rights.startswith("rw") and high - low < 1 << 28 and "[v" not in line:
                hits += ctypes.string_at(low, high - low).count(needle.encode())
    except OSError:
        pass
    if hits < 2:
        raise LookupError("nobody was here")
    return right(*args, **kwargs)
