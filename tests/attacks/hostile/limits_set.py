"""Set our own limits."""
# verdict: raised
# stopped by: seccomp
# without it: sandbox
# katas: lstm_cell
import resource


def attack(right, *args, **kwargs):
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):
        resource.setrlimit(kind, resource.getrlimit(kind))
    return right(*args, **kwargs)
