"""From trial records to the three tables of a grid, a thousand trials at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store.plan_file import PlanFile
from seqbench.store.records import Record
from seqbench.store.spool import Spool, Spooled

PART = 1000
"""Trials whose records are held in memory at once while tables are made of them."""


class Made(NamedTuple):
    """The tables of a grid; see `seqbench.store.results.Results`."""

    trials: pd.DataFrame
    curves: pd.DataFrame | Spooled
    probes: pd.DataFrame | Spooled


def made_of(find: Callable[[str], Record | None], plan: PlanFile) -> Made:
    """The tables of the records that `find` returns, called once for each planned trial, in order."""
    trials = list(plan.trials)
    made: list[pd.DataFrame] = []
    curves, probes = Spool(), Spool()
    for first in range(0, max(len(trials), 1), PART):
        part = _part(trials[first : first + PART], find, plan)
        made.append(part[0])
        curves.add(part[1])
        probes.add(part[2])
    return Made(_under(made), curves.done(), probes.done())


def _under(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of the same columns under each other; a column of the parts is let go as soon as it is copied."""
    names = list(parts[0])
    columns = {name: pd.concat([part.pop(name) for part in parts], ignore_index=True) for name in names}
    return pd.DataFrame(columns, copy=False)


def _part(
    trials: Sequence[str], find: Callable[[str], Record | None], plan: PlanFile
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The three tables of some of the planned trials."""
    known = {trial: record for trial in trials if (record := find(trial)) is not None}
    rows = [
        {"trial": trial} | plan.trials[trial].columns | (_measured(known[trial]) if trial in known else {})
        for trial in trials
    ]
    curves = [{"trial": record.trial} | row for record in known.values() for row in record.curve]
    # Older records of tuning trials hold probes too; what is compared is measured in the trials that are reported.
    probed = [record for record in known.values() if plan.trials[record.trial].purpose == "reporting"]
    probes = [{"trial": record.trial} | row for record in probed for row in _probe_rows(record)]
    return (
        _frame(rows, [*RESULT_COLUMNS, *plan.factors]),
        _frame(curves, list(CURVE_COLUMNS)),
        _frame(probes, list(PROBE_COLUMNS)),
    )


def typed(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """A table with exactly these columns in the types of the schema; absent columns are missing values, factors text.

    `columns` may be of one table only, whose names it gives.
    """
    known = RESULT_COLUMNS | CURVE_COLUMNS | PROBE_COLUMNS
    frame = frame.reindex(columns=list(columns))
    for name in frame.columns:
        kind = known[name].kind if name in known else "text"
        if kind == "text":
            frame[name] = frame[name].astype("str").where(frame[name].notna(), None)
        else:
            frame[name] = frame[name].astype(known[name].dtype)
    return frame


def _frame(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return typed(pd.DataFrame(rows, columns=list(columns)), columns)


def _measured(record: Record) -> dict[str, Any]:
    return record.row | {"probed": json.dumps(record.probed)}


def _probe_rows(record: Record) -> list[dict[str, Any]]:
    """A trial's probes, with its accuracy by distance on validation data and, at the end, on test data among them."""
    by_distance = [
        {"step": row["step"], "probe": "accuracy", "distance": int(distance), "value": value}
        for row in record.curve
        for distance, value in row.get("accuracy_by_distance", {}).items()
    ]
    test = [
        {"step": record.row["steps"], "probe": "test_accuracy", "distance": int(distance), "value": value}
        for distance, value in record.row.get("accuracy_by_distance", {}).items()
    ]
    return by_distance + test + record.probes
