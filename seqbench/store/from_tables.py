"""Records of finished trials made again from a folder's tables, where it came without trial files, as a clone does.

A grid that goes on there trains nothing that the tables hold. They lack what no column has: the complete settings of a
trial, which follow from the plan, and the accuracies by distance of trials that chose settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from seqbench.schema import RESULT_COLUMNS
from seqbench.store import tables
from seqbench.store.plan_file import PlanFile, load_plan
from seqbench.store.records import Record, UnusableRecord, require_divergence_by_rule
from seqbench.store.trial_label import TrialLabel

Rows = list[dict[str, Any]]

BY_DISTANCE = ("accuracy", "test_accuracy")
"""Probes under which the tables keep accuracies by distance, of evaluations and of the test."""


def records_from_tables(folder: Path) -> list[Record]:
    """Records of the trials that the tables hold, with empty `settings`; none where there are trial files or no tables.

    Left out are trials of which the tables do not say what they ran on or which probes were read, and those that an
    earlier version counted as diverged, or did not, by another rule.

    Raises:
        StoreError: the plan or a table is damaged.
    """
    if not tables.alone(folder):
        return []
    plan, kept = load_plan(folder), tables.read(folder)
    probes = _by_trial(kept["probes"])
    return [_record(row, plan, curve, probes.get(row["trial"], [])) for row, curve in _usable(kept, plan)]


def unusable(folder: Path) -> int:
    """How many trials `records_from_tables` leaves out.

    Raises:
        StoreError: the plan or a table is damaged.
    """
    if not tables.alone(folder):
        return 0
    kept = tables.read(folder)
    return len(kept["results"]) - sum(1 for _ in _usable(kept, load_plan(folder)))


def _usable(kept: Mapping[str, pd.DataFrame], plan: PlanFile) -> Iterator[tuple[dict[str, Any], Rows]]:
    """Rows of the trials that are not left out, each with its curve and whether evaluations met the criterion."""
    curves = _by_trial(kept["curves"])
    for row in _rows(kept["results"].reindex(columns=list(RESULT_COLUMNS))):
        curve = [evaluation | _met(row, evaluation) for evaluation in curves.get(row["trial"], [])]
        if _says_all(row, plan) and _by_todays_rule(row, curve):
            yield row, curve


def _says_all(row: Mapping[str, Any], plan: PlanFile) -> bool:
    """Whether the tables say which probes were read of a trial, and what it ran on."""
    return row["probed"] is not None and row["environment"] in plan.environments


def _by_todays_rule(row: Mapping[str, Any], curve: Rows) -> bool:
    """Whether the trial counts as diverged, or does not, as it would today; believed where `_met` cannot tell."""
    if row["solved_metric"] not in ("loss", "accuracy"):
        return True
    try:
        require_divergence_by_rule(row, curve)
    except UnusableRecord:
        return False
    return True


def _record(row: Mapping[str, Any], plan: PlanFile, curve: Rows, probes: Rows) -> Record:
    labels = TrialLabel.__dataclass_fields__
    measured = {name: value for name, value in row.items() if name not in labels and name not in ("trial", "probed")}
    return Record(
        trial=row["trial"],
        settings={},
        row=measured | _by_distance(probes, "test_accuracy", row["steps"]),
        environment=dict(plan.environments[row["environment"]]),
        curve=[evaluation | _by_distance(probes, "accuracy", evaluation["step"]) for evaluation in curve],
        probes=[measurement for measurement in probes if measurement["probe"] not in BY_DISTANCE],
        probed=json.loads(row["probed"]),
        parameters=None,
    )


def _met(row: Mapping[str, Any], evaluation: Mapping[str, Any]) -> dict[str, bool]:
    """Whether an evaluation met the criterion; nothing where the tables lack the figure, as of whole sequences."""
    loss, accuracy, at = evaluation["validation_loss"], evaluation["validation_accuracy"], row["solved_threshold"]
    match row["solved_metric"]:
        case "loss":
            return {"met": loss is not None and loss <= at}
        case "accuracy":
            return {"met": accuracy is not None and accuracy >= at}
    return {}


def _by_distance(probes: Iterable[Mapping[str, Any]], name: str, step: int) -> dict[str, dict[str, float]]:
    """Accuracy by distance at a step as the row of that step holds it; nothing where it was not kept."""
    own = {str(row["distance"]): row["value"] for row in probes if row["probe"] == name and row["step"] == step}
    return {"accuracy_by_distance": own} if own else {}


def _by_trial(table: pd.DataFrame) -> dict[str, Rows]:
    """Rows of each trial in the order of the table, without its name."""
    groups = table.groupby("trial", sort=False)
    return {str(trial): _rows(own.drop(columns="trial")) for trial, own in groups}


def _rows(table: pd.DataFrame) -> Rows:
    """Rows with Python's own numbers; missing values are None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
