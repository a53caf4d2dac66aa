"""What a driver costs as a grid grows: memory and time per trial, events per second, and the store it leaves behind.

Training is replayed (`seqbench.bench.replayed`); planning, events, trial files, tables, report and mirror are real.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
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


def time_scale(*, say: Callable[[str], None], trials: Sequence[int] = TRIALS) -> list[dict[str, Any]]:
    """One row a size: milliseconds a trial of each phase, events per second, peak memory, and the store's files."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        recorded = record(Path(place) / "recorded")
        for number in trials:
            say(f"{number:,} trials")
            row = _row(number, Path(place) / str(number), recorded)
            rows.append(compared(row, rows[0] if rows else row))
    return rows


def scaled_grid(trials: int) -> str:
    """A grid of so many trials, a multiple of 100, as text."""
    return small_trials("What does a driver cost as a grid grows?", trials, evaluate_every=40)


def record(folder: Path) -> Path:
    """The results folder of one trained trial."""
    folder.mkdir()
    path = folder / "grid.yaml"
    path.write_text(scaled_grid(SMALLEST))
    grid = read_grid(path)
    run_grid(grid, folder / "results", workers=1, only={plan(grid).trials[0].id})
    return folder / "results"


def figures_of(trials: int, folder: Path, recorded: Path, *, environment: Mapping[str, str] = {}) -> dict[str, Any]:
    """What a driver measured of itself; see `seqbench.bench.scale_driver`, in whose `folder` it leaves its results.

    With `RAY_ADDRESS` in its environment its workers are on that cluster.
    """
    folder.mkdir()
    grid, figures = folder / "scaled.yaml", folder / "figures.json"
    grid.write_text(scaled_grid(trials))
    for phase in ("run",) if environment else ("run", "open"):
        command = [sys.executable, "-m", "seqbench.bench.scale_driver", phase, grid, recorded, figures]
        measure(list(map(str, command)), folder=folder, environment=environment)
    found: dict[str, Any] = json.loads(figures.read_text())
    return found


def compared(row: dict[str, Any], smallest: dict[str, Any]) -> dict[str, Any]:
    """A row with what it takes beside the smallest grid: times the time and memory."""
    phases = [phase for phase in ("training", "run", "report") if f"{phase}_peak_mib" in row]
    memory = {f"{phase}_memory_ratio": row[f"{phase}_peak_mib"] / smallest[f"{phase}_peak_mib"] for phase in phases}
    return row | {"time_ratio": row["run_ms_a_trial"] / smallest["run_ms_a_trial"]} | memory


def _row(trials: int, folder: Path, recorded: Path) -> dict[str, Any]:
    found = figures_of(trials, folder, recorded)
    return {
        "trials": trials,
        "events": found["events"],
        "events_a_second": found["events"] / found["training_seconds"],
        "run_ms_a_trial": 1e3 * found["run_seconds"] / trials,
        "open_ms_a_trial": 1e3 * found["open_seconds"] / trials,
        "report_ms_a_trial": 1e3 * found["report_seconds"] / trials,
        "mirror_ms_a_trial": 1e3 * found["mirror_seconds"] / found["mirrored"],
        **{f"{phase}_peak_mib": found[f"{phase}_peak_mib"] for phase in ("training", "run", "report", "open")},
        **_store(folder / "results" / "scaled"),
    }


def _store(folder: Path) -> dict[str, Any]:
    """Files and bytes of a results folder: in the largest of its folders, of trial files and of tables."""
    with os.scandir(folder / "trials") as entries:
        sizes = [entry.stat().st_size for entry in entries]
    tables = sum(path.stat().st_size for path in folder.glob("*.parquet"))
    return {"files_a_folder": len(sizes), "trial_files_mib": sum(sizes) / 2**20, "tables_mib": tables / 2**20,
            "plan_mib": (folder / "plan.json").stat().st_size / 2**20}  # fmt: skip
