"""Results folders made by hand: tables and a plan, as in a clone, with outcomes that are stated length by length."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store import tables
from seqbench.store.plan_file import PlanFile, write_plan
from seqbench.store.table_rows import typed
from seqbench.store.trial_label import TrialLabel
from seqbench.traces import Remedy

LENGTHS = (10, 20, 40, 80)
GRID = """\
question: How far?
tasks: [{task}]
lengths: [10, 20, 40, 80]
model: {{stacked: {{width: 8}}}}
methods:
  - {{name: vanilla, cell: vanilla}}
  - {{name: GRU, cell: gru}}
  - {{name: clipped, cell: vanilla, mitigations: [{{clip_global_norm: {{threshold: 1.0}}}}]}}
"""

Solved = Mapping[str, Sequence[int]]
"""Of each method the longest length that each seed solved; 0 for none."""
Make = Callable[..., Path]


def trial(method: str, length: int, seed: int, *, reached: int, budget: int, of: str) -> dict:
    solved = length <= reached
    identity = hashlib.sha256(repr((method, length, seed, budget, of)).encode()).hexdigest()[:16]
    return {
        "trial": identity, "method": method, "task": "delayed_recall", "length": length, "seed": seed,
        "learning_rate": 1e-3, "purpose": "reporting", "outcome": "solved" if solved else "chance",
        "accuracy": 1.0 if solved else 0.125, "loss": 0.0 if solved else 2.1, "chance": 0.125, "trivial": 0.125,
        "trivial_loss": 2.1, "solved_metric": "accuracy", "solved_threshold": 0.95, "steps": budget, "budget": budget,
        "evaluate_every": 50, "seconds": 2.0, "parameters": 100, "batch_size": 32, "test_sequences": 10_240,
        "optimizer": "adam", "solved_at": 100.0 if solved else None,
    }  # fmt: skip


def trials(solved: Solved, factors: Mapping[str, Sequence[str]], *, budget: int, of: str) -> pd.DataFrame:
    """One row a method, seed and length; `factors` has a level for each method."""
    rows = pd.DataFrame(
        trial(method, length, 1000 + seed, reached=reached, budget=budget, of=of)
        for method, own in solved.items()
        for seed, reached in enumerate(own)
        for length in LENGTHS
    )
    levels = {name: rows["method"].map(dict(zip(solved, own, strict=True))) for name, own in factors.items()}
    return rows.assign(**levels)


def plan(name: str, rows: pd.DataFrame, *, task: str, searched: bool, factors: Sequence[str]) -> PlanFile:
    methods = tuple(rows["method"].unique())
    remedies = {
        method: (Remedy("clip_global_norm", ("gradient",)),) if method == "clipped" else () for method in methods
    }
    label = [name for name in TrialLabel.__dataclass_fields__ if name in rows]
    return PlanFile(
        grid=name, question="How far?", grid_text=GRID.format(task=task), methods=methods, remedies=remedies,
        declared={"baseline": "vanilla", "searched": {"delayed_recall": LENGTHS} if searched else {}},
        training={"test_sequences": 10_000}, versions={"seqbench": "0.1.0"}, factors=tuple(factors),
        trials={
            row["trial"]: TrialLabel(**{key: row[key] for key in label}, factors={key: row[key] for key in factors})
            for row in rows.to_dict("records")
        },
    )  # fmt: skip


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a results folder: `make(name, {"vanilla": [10, 20, ...]})`; `factors` has a level for each method."""

    def made(
        name: str,
        solved: Solved,
        *,
        budget: int = 1000,
        task: str = "delayed_recall",
        of: str = "",
        searched: bool = False,
        factors: Mapping[str, Sequence[str]] = {},
    ) -> Path:
        folder = tmp_path / "results" / name
        folder.mkdir(parents=True)
        rows = trials(solved, factors, budget=budget, of=of)
        write_plan(folder, plan(name, rows, task=task, searched=searched, factors=tuple(factors)))
        clipped = rows.loc[rows["method"] == "clipped", "trial"]
        acted = pd.DataFrame({"trial": clipped, "probe": "steps_changed", "step": budget, "remedy": 0, "value": 0.0})
        tables.write(folder, {
            "results": typed(rows, [*RESULT_COLUMNS, *factors]), "curves": typed(pd.DataFrame(), CURVE_COLUMNS),
            "probes": typed(acted, PROBE_COLUMNS),
        })  # fmt: skip
        return folder

    return made
