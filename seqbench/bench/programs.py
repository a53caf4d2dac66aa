"""What each program of a trial costs before it first runs: tracing and compilation, in a process that has neither."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import seqbench
from seqbench.compilation_cache import VARIABLE
from seqbench.execution.worker import ENVIRONMENT

CELLS = ("vanilla", "lstm", "gru", "mingru")
MODULE = "seqbench.bench.contestants.compile_seqbench"


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
    """Seconds by kind of program, from a process of its own in the environment of a worker, without kept programs."""
    root = str(Path(seqbench.__file__).parents[1])
    own = {"PYTHONPATH": root, "JAX_PLATFORMS": "cpu", **ENVIRONMENT, VARIABLE: "off"}
    done = subprocess.run(
        [sys.executable, "-m", MODULE, cell], env=os.environ | own, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
