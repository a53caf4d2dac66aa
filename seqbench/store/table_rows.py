"""From trial records to the three tables of a grid, a thousand trials at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pandas as pd

from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store import unused_memory
from seqbench.store.columns import Columns, described
from seqbench.store.plan_file import PlanFile
from seqbench.store.records import Record
from seqbench.store.spool import Spool, Spooled

PART = 1000
"""Trials whose evaluations and measurements are gathered before a part of a table is made of them."""


class Made(NamedTuple):
    """The tables of a grid; see `seqbench.store.results.Results`."""

    trials: pd.DataFrame
    curves: pd.DataFrame | Spooled
    probes: pd.DataFrame | Spooled


def made_of(find: Callable[[str], Record | None], plan: PlanFile) -> Made:
    """The tables of the records that `find` returns, called once for each planned trial, in order."""
    trials = Columns([*RESULT_COLUMNS, *plan.factors])
    curves, probes = Spool(), Spool()
    planned = list(plan.trials.items())
    for first in range(0, max(len(planned), 1), PART):
        part = Columns(CURVE_COLUMNS), Columns(PROBE_COLUMNS)
        for trial, label in planned[first : first + PART]:
            record = find(trial)
            trials.add([label.columns | (_measured(record) if record else {})], trial)
            if record:
                part[0].add(record.curve, trial)
                # Older records of tuning trials hold probes too; what is compared is measured in those reported.
                part[1].add(_probe_rows(record) if label.purpose == "reporting" else [], trial)
        curves.add(part[0].frame())
        probes.add(part[1].frame())
    made = Made(trials.frame(), curves.done(), probes.done())
    unused_memory.release()
    return made


def typed(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """A table with exactly these columns in the types of the schema; absent columns are missing values, factors text.

    `columns` are all columns of one table, with the factors among those of the results.
    """
    frame = frame.reindex(columns=list(columns))
    known = described(frame.columns)
    for name in frame.columns:
        kind = known[name].kind if name in known else "text"
        if kind == "text":
            frame[name] = frame[name].astype("str").where(frame[name].notna(), None)
        else:
            frame[name] = frame[name].astype(known[name].dtype)
    return frame


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
