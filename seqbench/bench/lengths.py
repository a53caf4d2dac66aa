"""What a training step costs at 10 to 10,000 steps of time, for a sequential cell and a parallel one."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqbench.bench.process import measure
from seqbench.bench.timing import Contestant, interleave, ratio
from seqbench.execution.worker import ENVIRONMENT

LENGTHS = (10, 30, 100, 300, 1000, 3000, 10_000)
CELLS = ("lstm", "mingru")
BATCH, WIDTH = 32, 128
REFERENCE = 100

MODULE = "seqbench.bench.contestants.step_seqbench"


def time_lengths(*, core: int, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row a cell and length: milliseconds a training step, microseconds a step of time, and peak memory.

    relative: how many times as long one step of time takes as at 100 steps, which are timed in turn with each length
    """
    return [_row(cell, length, core, rounds, say) for cell in CELLS for length in LENGTHS]


def _row(cell: str, length: int, core: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    say(f"a training step of {cell} over {length} steps of time")
    with _contestant(cell, length, core) as running, _contestant(cell, REFERENCE, core) as reference:
        found = interleave({"running": running, "reference": reference}, rounds=rounds)
    seconds = statistics.median(found["running"])
    return {
        "cell": cell,
        "steps": length,
        "milliseconds": 1000 * seconds,
        "microseconds_a_step": 1e6 * seconds / length,
        "peak_mib": _peak(cell, length),
        "relative": ratio(found["running"], found["reference"]) * REFERENCE / length,
    }


def _contestant(cell: str, length: int, core: int) -> Contestant:
    return Contestant([sys.executable, "-m", MODULE, *_size(cell, length)], core, environment=ENVIRONMENT)


def _peak(cell: str, length: int) -> float:
    """Largest memory in MiB of a process that takes two training steps of this size."""
    # The module's own process is asked for the number that it answers with seconds.
    words = f"printf '2\\n' | {sys.executable} -m {MODULE} {' '.join(_size(cell, length))}"
    return measure(["sh", "-c", words], folder=Path.cwd(), environment=ENVIRONMENT).peak_mib


def _size(cell: str, length: int) -> list[str]:
    return [cell, str(BATCH), str(length), str(WIDTH)]
