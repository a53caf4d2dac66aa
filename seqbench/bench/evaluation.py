"""What part of a trial's time its evaluations and its test take."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from seqbench.bench.process import answer

CELLS = ("vanilla", "lstm", "gru")
GOAL = 0.10
"""The share of a trial's time that evaluation takes at most."""


def time_evaluation(*, core: int, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row a cell: median seconds of training, evaluations and test of a trial that spends its whole budget."""
    rows = []
    for cell in CELLS:
        say(f"a trial of {cell}, and what part of it is evaluation")
        core_only = ("taskset", "-c", str(core))
        took = [answer("seqbench.bench.contestants.trial_parts", cell, prefix=core_only) for _ in range(rounds)]
        middle = {part: statistics.median(each[part] for each in took) for part in took[0]}
        share = statistics.median(1 - each["training"] / sum(each.values()) for each in took)
        rows.append({"cell": cell, **middle, "share": share, "goal_share": GOAL})
    return rows
