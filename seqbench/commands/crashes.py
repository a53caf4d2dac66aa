"""Why trials crashed, in a few lines: each different reason with its count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from seqbench.printable import printable
from seqbench.store.failures import Failure

MOST = 5
"""Reasons that are listed; a grid in which every trial crashes rarely has more."""


def reasons_counted(failures: Iterable[Failure]) -> str:
    """The different reasons, the most frequent first, each with how many trials crashed for it."""
    counts = Counter(printable(failure.reason) for failure in failures).most_common()
    lines = [f"  {count:,} x {reason}" for reason, count in counts[:MOST]]
    return "\n".join([*lines, f"  and {len(counts) - MOST:,} other reasons"] if len(counts) > MOST else lines)
