"""A large grid whose trials have all finished, made without training them: copies of one trained trial.

What became of each copy is drawn: methods differ in the length up to which their seeds solve, so that a report of it
has as much to say as one of a real grid.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.store.trials import TrialStore

GRID = """\
question: QUESTION
tasks: [delayed_recall]
lengths: [10, 20, 30, 40, 50, 60, 80, 100, 120, 140]
seeds: SEEDS
model: {stacked: {width: 8}}
training: {steps: 160, batch_size: 4, evaluate_every: EVERY, stop_when_solved: false}
methods: [METHODS]
"""
METHODS, LENGTHS = 10, 10


def small_trials(question: str, trials: int, *, evaluate_every: int) -> str:
    """A grid of so many trials, a multiple of 100, of 10 methods at 10 lengths, as text."""
    methods = ", ".join(f"{{name: m{n}, training: {{learning_rate: {(n + 1) * 1e-4:.1e}}}}}" for n in range(METHODS))
    values = {"QUESTION": question, "SEEDS": trials // (METHODS * LENGTHS), "EVERY": evaluate_every, "METHODS": methods}
    text = GRID
    for word, value in values.items():
        text = text.replace(word, str(value))
    return text


def finished_grid(folder: Path, *, trials: int) -> Path:
    """Write a grid of so many trials, a multiple of 100, and their results below `folder`. Returns the grid's file."""
    path = folder / "finished.yaml"
    path.write_text(small_trials("What do resuming and reporting cost?", trials, evaluate_every=10))
    grid = read_grid(path)
    planned, results = plan(grid).trials, folder / "results" / grid.name
    run_grid(grid, results, workers=1, only={planned[0].id})
    store = TrialStore(results)
    [trained] = store.read()[0]
    draw = np.random.default_rng(0)
    for trial in planned:
        method = int(trial.method.removeprefix("m"))
        reach = 10 * 2 ** (method / 3 + draw.normal(scale=0.5))
        row = trained.row | _outcome(trial.length <= reach, draw)
        curve = [dict(each) for each in trained.curve]
        store.write(replace(trained, trial=trial.id, settings=trial.settings, row=row, curve=curve))
    return path


def _outcome(solved: bool, draw: np.random.Generator) -> dict[str, Any]:
    """What became of a trial, in the columns that statistics read."""
    accuracy = float(draw.uniform(0.96, 1) if solved else draw.uniform(0.1, 0.9))
    return {
        "outcome": "solved" if solved else "partial",
        "accuracy": accuracy,
        "validation_accuracy": accuracy,
        "loss": -math.log(accuracy),
        "validation_loss": -math.log(accuracy),
        "solved_at": 10 * int(draw.integers(1, 14)) if solved else None,
    }
