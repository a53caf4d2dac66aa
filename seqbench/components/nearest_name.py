"""What a misspelt name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 12
"""Longest list of choices that is printed in full."""


def advice(name: object, choices: Iterable[str]) -> str:
    """Advice to append to an error: the nearest of `choices`, or all of them if none is near and they are few."""
    lowered = {choice.lower(): choice for choice in choices}
    near = get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {lowered[near[0]]!r}?"
    if 0 < len(lowered) <= SHOWN:
        return f"; choose from {', '.join(lowered.values())}"
    return ""
