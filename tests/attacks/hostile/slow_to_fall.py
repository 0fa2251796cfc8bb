"""Take all the time there is to load, then fall silent in every case: no time-out is counted."""
# verdict: no answer
# stopped by: engine
# katas: beam_search
import os
import time

time.sleep(0.3)


def attack(right, *args, **kwargs):
    os._exit(0)
