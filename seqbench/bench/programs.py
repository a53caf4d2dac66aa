"""What each program of a trial costs before it first runs: tracing and compilation, in a process that has neither."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from seqbench.bench.process import answer
from seqbench.compilation_cache import VARIABLE

CELLS = ("vanilla", "lstm", "gru", "mingru")


def time_programs(*, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row a cell: median seconds of tracing and compiling each kind of program, and of all."""
    rows = []
    for cell in CELLS:
        say(f"the programs of {cell}")
        took = [_compile(cell) for _ in range(rounds)]
        middle = {kind: statistics.median(each[kind] for each in took) for kind in took[0]}
        rows.append({"cell": cell, **middle, "all": statistics.median(sum(each.values()) for each in took)})
    return rows


def _compile(cell: str) -> dict[str, float]:
    """Seconds by kind of program, from a process of its own without kept programs."""
    found: dict[str, float] = answer("seqbench.bench.contestants.compile_seqbench", cell, environment={VARIABLE: "off"})
    return found
