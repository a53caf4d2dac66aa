"""What a driver costs as a grid grows: memory and time per trial, events per second, and the store it leaves behind.

Training is replayed (`seqbench.bench.replayed`); planning, events, trial files, tables, report and mirror are real.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqbench.bench.finished_grid import small_trials
from seqbench.bench.process import measure
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan

SMALLEST = 100
"""Trials of the smallest grid that can be made."""
TRIALS = (1_000, 10_000, 100_000)
MEMORY_GOAL = TIME_GOAL = 1.5
"""Times those of the smallest grid that memory and time per trial may be."""
EVENTS_GOAL = 500
"""Events that a driver should handle in a second."""


def time_scale(*, say: Callable[[str], None], trials: Sequence[int] = TRIALS) -> list[dict[str, Any]]:
    """One row a size: milliseconds a trial of each phase, events per second, peak memory, and the store's files."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        recorded = _record(Path(place) / "recorded")
        for number in trials:
            say(f"{number:,} trials")
            rows.append(_row(number, Path(place) / str(number), recorded, rows[0] if rows else None))
    return rows


def scaled_grid(trials: int) -> str:
    """A grid of so many trials, a multiple of 100, as text."""
    return small_trials("What does a driver cost as a grid grows?", trials, evaluate_every=40)


def _record(folder: Path) -> Path:
    """The results folder of one trained trial."""
    folder.mkdir()
    path = folder / "grid.yaml"
    path.write_text(scaled_grid(SMALLEST))
    grid = read_grid(path)
    run_grid(grid, folder / "results", workers=1, only={plan(grid).trials[0].id})
    return folder / "results"


def _row(trials: int, folder: Path, recorded: Path, smallest: dict[str, Any] | None) -> dict[str, Any]:
    folder.mkdir()
    grid, figures = folder / "scaled.yaml", folder / "figures.json"
    grid.write_text(scaled_grid(trials))
    words = [str(grid), str(recorded), str(figures)]
    measure([sys.executable, "-m", "seqbench.bench.scale_driver", *words], folder=folder)
    found = json.loads(figures.read_text())
    row = {
        "trials": trials,
        "events": found["events"],
        "events_a_second": found["events"] / found["training_seconds"],
        "run_ms_a_trial": 1e3 * found["run_seconds"] / trials,
        "open_ms_a_trial": 1e3 * found["open_seconds"] / trials,
        "report_ms_a_trial": 1e3 * found["report_seconds"] / trials,
        "mirror_ms_a_trial": 1e3 * found["mirror_seconds"] / found["mirrored"],
        **{f"{phase}_peak_mib": found[f"{phase}_peak_mib"] for phase in ("training", "run", "open", "report")},
        **_store(folder / "results" / "scaled"),
    }
    first = smallest or row
    return row | {
        "time_ratio": row["run_ms_a_trial"] / first["run_ms_a_trial"],
        "training_memory_ratio": row["training_peak_mib"] / first["training_peak_mib"],
    }


def _store(folder: Path) -> dict[str, Any]:
    """Files and bytes of a results folder: in the largest of its folders, of trial files and of tables."""
    with os.scandir(folder / "trials") as entries:
        sizes = [entry.stat().st_size for entry in entries]
    tables = sum(path.stat().st_size for path in folder.glob("*.parquet"))
    return {"files_a_folder": len(sizes), "trial_files_mib": sum(sizes) / 2**20, "tables_mib": tables / 2**20,
            "plan_mib": (folder / "plan.json").stat().st_size / 2**20}  # fmt: skip
