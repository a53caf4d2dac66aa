"""What a grid costs with more trials, more methods and more workers."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqbench.bench.process import measure
from seqbench.compilation_cache import VARIABLE as CACHE_VARIABLE
from seqbench.store.results import load_results

GRID = """\
question: How does the cost of a grid grow?
tasks: [delayed_recall]
lengths: [100]
seeds: SEEDS
probes: none
model: {stacked: {width: 64}}
training: {steps: 600, batch_size: 32, evaluate_every: 200, stop_when_solved: false}
methods: [METHODS]
"""
METHODS = ("{name: vanilla}", "{name: LSTM, cell: lstm}", "{name: GRU, cell: gru}", "{name: MGU, cell: mgu}")
CASES = (("workers", 4, 8, 1), ("workers", 4, 8, 2), ("trials", 2, 8, 2), ("trials", 2, 16, 2), ("methods", 1, 16, 2))
"""What is varied, how many methods, seeds and workers."""


def time_scaling(*, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row a case: median seconds from the command to its end, with a warm compilation cache, and trials an hour."""
    found: dict[tuple[str, int, int, int], list[tuple[float, float]]] = {case: [] for case in CASES}
    with tempfile.TemporaryDirectory() as place:
        for round_ in range(rounds + 1):  # the first fills the cache and is not counted
            for case in CASES:
                say("a grid of {1} methods with {2} seeds and {3} workers".format(*case))
                took = _run(Path(place), round_, *case[1:])
                if round_:
                    found[case].append(took)
    rows = []
    for (varied, methods, seeds, workers), own in found.items():
        seconds, a_trial = (statistics.median(each) for each in zip(*own, strict=True))
        rows.append(
            {
                "varied": varied,
                "methods": methods,
                "seeds": seeds,
                "workers": workers,
                "seconds": seconds,
                "seconds_a_trial": a_trial,
                "trials_an_hour": methods * seeds / seconds * 3600,
            }
        )
    return rows


def _run(place: Path, round_: int, methods: int, seeds: int, workers: int) -> tuple[float, float]:
    """Seconds of a run, and those of a trial on average."""
    name = f"grid-{round_}-{methods}-{seeds}-{workers}"
    grid = place / f"{name}.yaml"
    grid.write_text(GRID.replace("SEEDS", str(seeds)).replace("METHODS", ", ".join(METHODS[:methods])))
    command = [sys.executable, "-m", "seqbench", "run", str(grid), "--no-tracking", "--quiet"]
    own = ["--workers", str(workers), "--results", str(place / "results")]
    used = measure([*command, *own], folder=place, environment={CACHE_VARIABLE: str(place / "cache")})
    return used.seconds, float(load_results(place / "results" / name)["seconds"].mean())
