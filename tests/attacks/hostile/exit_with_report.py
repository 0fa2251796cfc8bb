"""Write the line of success and leave before the grader can speak."""
# verdict: no answer
# stopped by: separation
# without it: naive
import os


def attack(right, *args, **kwargs):
    os.write(1, b"RESULT PASS\n")
    os._exit(0)
