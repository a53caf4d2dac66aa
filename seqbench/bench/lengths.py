"""What a training step costs at 10 to 10,000 steps of time, for a sequential cell and a parallel one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from seqbench.bench.timing import Contestant, interleave
from seqbench.errors import StoreError
from seqbench.execution.worker import ENVIRONMENT

LENGTHS = (10, 30, 100, 300, 1000, 3000, 10_000)
CELLS = ("lstm", "mingru")
BATCH, WIDTH = 32, 128
REFERENCE = 100

MEASURE = (
    "import resource, sys; from seqbench.bench.contestants import step_seqbench as step; step.main(); "
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
)
"""Trains as its input says, then prints the largest memory of the process in MiB."""


def time_lengths(*, core: int, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row a cell and length: milliseconds a training step, microseconds a step of time, and peak memory.

    relative: the time of one step of time over that at 100 steps
    """
    rows = []
    for cell in CELLS:
        own = [_row(cell, length, core, rounds, say) for length in LENGTHS]
        base = next(row["microseconds_a_step"] for row in own if row["steps"] == REFERENCE)
        rows += [{**row, "relative": row["microseconds_a_step"] / base} for row in own]
    return rows


def _row(cell: str, length: int, core: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    say(f"a training step of {cell} over {length} steps of time")
    size = [cell, str(BATCH), str(length), str(WIDTH)]
    command = [sys.executable, "-m", "seqbench.bench.contestants.step_seqbench", *size]
    with Contestant(command, core, environment=ENVIRONMENT) as running:
        found = interleave({"seqbench": running}, rounds=rounds)["seqbench"]
    seconds = sorted(found)[len(found) // 2]
    return {
        "cell": cell,
        "steps": length,
        "milliseconds": 1000 * seconds,
        "microseconds_a_step": 1e6 * seconds / length,
        "peak_mib": _peak(size),
    }


def _peak(size: list[str]) -> float:
    """Largest memory in MiB of a process that takes two training steps of this size."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *size],
        input="2\n",
        env={**os.environ, **ENVIRONMENT, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise StoreError(f"measuring memory ended with code {done.returncode}:\n{done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1])
