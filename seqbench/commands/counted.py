"""Numbers of things in sentences: one thing, several things, and what they do."""

from __future__ import annotations


def counted(number: int, noun: str = "trial", one: str = "", several: str = "") -> str:
    """`1 trial`, `3 trials`; with a verb for each, `1 trial is` and `3 trials are`."""
    verb = one if number == 1 else several
    return f"{number:,} {noun}{'' if number == 1 else 's'}" + (f" {verb}" if verb else "")
