"""Leave a shared memory object that outlives us."""
# verdict: raised
# stopped by: landlock, seccomp
# without it: sandbox
# katas: lstm_cell
from multiprocessing import resource_tracker

resource_tracker.register = resource_tracker.unregister = lambda *_: None


def attack(right, *args, **kwargs):
    from multiprocessing.shared_memory import SharedMemory

    block = SharedMemory(create=True, size=4096)
    block.close()
    block.unlink()
    return right(*args, **kwargs)
