"""Why trials crashed, in a few lines: the last line of each traceback, with counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from seqbench.printable import last_line

MOST = 5
"""Reasons that are listed; a grid in which every trial crashes rarely has more."""


def last_lines(tracebacks: Iterable[str]) -> str:
    """The different last lines, the most frequent first, each with how many tracebacks end with it."""
    counts = Counter(map(last_line, tracebacks)).most_common()
    lines = [f"  {count:,} x {line}" for line, count in counts[:MOST]]
    return "\n".join([*lines, f"  and {len(counts) - MOST:,} other reasons"] if len(counts) > MOST else lines)
