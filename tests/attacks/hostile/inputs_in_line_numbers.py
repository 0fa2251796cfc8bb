"""Put the hidden inputs into the number of a line that the file does not have."""
# verdict: raised
# stopped by: silent summaries
# katas: lstm_cell
import linecache


def attack(right, *args, **kwargs):
    code = compile("\n" * 77_000_000 + "raise KeyError", "lstm_cell.py", "exec")
    exec(code, {})
