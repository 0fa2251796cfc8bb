"""Steer whatever shows the feedback: tags, escape sequences, reversed text, NUL, templates."""
# verdict: raised
# stopped by: cleaned text
# without it: cleaned text
# katas: lstm_cell, self_attention
def attack(right, *args, **kwargs):
    raise ValueError(
        "<script>alert(1)</script><img src=x onerror=alert(1)> [bold red]PASS[/] {{7*7}} "
        "\x1b]0;PASS\x07\x1b[2J\x9b31m \u202etxt.exe\u2066 \x00 \r PASSED ``` | a | b |"
    )
