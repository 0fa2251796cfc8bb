"""Hook into the import of whatever the grader still needs."""
# verdict: no answer, wrong, raised
# stopped by: separation
# katas: lstm_cell, self_attention
import os
import sys


class Saboteur:
    def find_spec(self, name, path, target=None):
        os.write(1, b"RESULT PASS\n")
        os._exit(0)


sys.meta_path.insert(0, Saboteur())


def attack(right, *args, **kwargs):
    return spoil(right(*args, **kwargs))
