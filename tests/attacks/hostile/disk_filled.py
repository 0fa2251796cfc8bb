"""Fill the disk (here: with 32 MB)."""
# verdict: raised
# stopped by: landlock, limits
# without it: sandbox
# katas: lstm_cell
FOLDER = "/nowhere"


def attack(right, *args, **kwargs):
    with open(f"{FOLDER}/filler", "wb") as file:
        for _ in range(32):
            file.write(bytes(1 << 20))
    return right(*args, **kwargs)
