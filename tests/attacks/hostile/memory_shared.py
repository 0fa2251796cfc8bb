"""Take memory that fork would share, which some limits do not count."""
# verdict: too much memory, raised
# stopped by: limits
# without it: sandbox
# katas: lstm_cell
import mmap


def attack(right, *args, **kwargs):
    try:
        blocks = [mmap.mmap(-1, 64 << 20) for _ in range(24)]
    except OSError:
        raise MemoryError from None
    for block in blocks:
        block.close()
    return right(*args, **kwargs)
