"""Hand-made tables of a small grid, as the results folder gives them, and a look into MLflow's own tables."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqbench.store.plan_file import decode_plan
from seqbench.store.records import Record
from seqbench.store.results import load, results_of
from seqbench.tracking.mirror import Links, Snapshot, mirror_snapshot

LENGTHS = (10, 30)
EVALUATIONS = 3


def trial(method: str, length: int, seed: int, accuracy: float | None, *, task: str = "adding") -> dict[str, Any]:
    """One finished trial: solved at 0.9 and above, at chance below 0.6, diverged at step 20 without an accuracy."""
    outcome = (
        "diverged" if accuracy is None else "solved" if accuracy >= 0.9 else "chance" if accuracy < 0.6 else "partial"
    )
    return {
        "trial": f"{task}/{method}/{length}/{seed}",
        "method": method,
        "task": task,
        "length": length,
        "seed": seed,
        "learning_rate": 1e-3,
        "purpose": "reporting",
        "row": {
            "outcome": outcome,
            "accuracy": accuracy,
            "loss": None if accuracy is None else 1 - accuracy,
            "chance": 0.5,
            "trivial": 0.5,
            "diverged_at": 20 if accuracy is None else None,
            "diverged_kind": "loss" if accuracy is None else None,
            "steps": 20 if accuracy is None else 30,
            "seconds": 3.0,
            "gradient_norm": float("inf") if accuracy is None else 1 / length,
            "parameters": 100,
            "optimizer": "adam",
            "environment": "here",
        },
        "curve": [evaluation(turn) for turn in range(1, EVALUATIONS + 1)],
        "probes": [],
    }


def evaluation(turn: int) -> dict[str, float]:
    """One row of a curve."""
    return {
        "step": 10 * turn,
        "train_loss": 1 / turn,
        "validation_accuracy": 0.5,
        "gradient_norm": 4.0 / turn,
        "gradient_norm_after": 1.0,
        "seconds": float(turn),
    }


def snapshot(trials: Sequence[Mapping[str, Any]], folder: Path, *, methods: Sequence[str] = ()) -> Snapshot:
    """A results folder of these trials with a report in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text("<p>report</p>")
    plan = decode_plan(plan_of(trials, methods=methods))
    return Snapshot(results_of(map(record_of, trials), plan), folder)


def mirror_whole(folder: Path, uri: str) -> Links:
    """Mirror what a results folder holds."""
    return mirror_snapshot(Snapshot(load(folder), folder), uri)


def record_of(one: Mapping[str, Any]) -> Record:
    """What is kept of a trial."""
    return Record(
        trial=one["trial"],
        settings={},
        row=one["row"],
        environment={"jax": "0.10.2"},
        curve=one["curve"],
        probes=one["probes"],
        probed=[],
        parameters=None,
    )


def plan_of(trials: Sequence[Mapping[str, Any]], *, methods: Sequence[str] = ()) -> dict[str, Any]:
    """The `plan.json` of these trials."""
    labels = ("method", "task", "length", "seed", "learning_rate", "purpose")
    return {
        "grid": "toy",
        "question": "Does it <b>remember</b>?",
        "methods": list(methods) or list(dict.fromkeys(one["method"] for one in trials)),
        "factors": ["gating"],
        "grid_text": "question: Does it remember?\n",
        "versions": {"jax": "0.10.2"},
        "revision": "abc123",
        "trials": {one["trial"]: {name: one[name] for name in labels} | {"gating": "none"} for one in trials},
    }


def grid(accuracies: Mapping[str, Mapping[int, Sequence[float | None]]]) -> list[dict[str, Any]]:
    """Trials from method -> length -> accuracy of seeds 0, 1, ..."""
    return [
        trial(method, length, seed, accuracy)
        for method, lengths in accuracies.items()
        for length, values in lengths.items()
        for seed, accuracy in enumerate(values)
    ]


def rows_in(database: Path) -> dict[str, int]:
    """Rows of every table of MLflow's that a mirror writes, deleted runs among them."""
    tables = ("experiments", "experiment_tags", "runs", "metrics", "params", "tags")
    with sqlite3.connect(database) as connection:
        return {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in tables}


def chart(database: Path, metric: str, task: str = "adding") -> dict[str, list[tuple[int, float]]]:
    """What the page draws for a metric of a comparison: method -> (step, value), of the runs that are not deleted."""
    question = """
        select runs.name, metrics.step, metrics.value from metrics
        join runs on runs.run_uuid = metrics.run_uuid
        join experiments on experiments.experiment_id = runs.experiment_id
        where experiments.name = ? and metrics.key = ? and runs.lifecycle_stage = 'active'
        order by runs.start_time desc, metrics.step
    """
    drawn: dict[str, list[tuple[int, float]]] = {}
    with sqlite3.connect(database) as connection:
        for method, step, value in connection.execute(question, (f"toy: {task}, comparison", metric)):
            drawn.setdefault(method, []).append((step, value))
    return drawn


def active_runs(store: Path, experiment: str) -> list[str]:
    """The key (trial, method or report) of every run of an experiment that is not deleted."""
    question = """
        select tags.value from tags join runs on runs.run_uuid = tags.run_uuid
        join experiments on experiments.experiment_id = runs.experiment_id
        where experiments.name = ? and tags.key in ('seqbench.trial', 'seqbench.method', 'seqbench.report')
        and (tags.key = 'seqbench.trial' or experiments.name not like '%: trials')
        and runs.lifecycle_stage = 'active' order by 1
    """
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return [key for (key,) in connection.execute(question, (experiment,))]


def active_trials(store: Path) -> list[str]:
    """The trial of every run in the toy grid's experiment of trials that is not deleted."""
    return active_runs(store, "toy: trials")
