"""A grid's results: its plan and three tables, read from its folder once.

    results/<grid>/plan.json         what was planned; see `plan_file`
    results/<grid>/results.parquet   one row per trial       } made from the trial files; read where those are absent,
    results/<grid>/curves.parquet    one row per evaluation  } as in a clone that holds committed results
    results/<grid>/probes.parquet    one row per measurement }

The columns are those of `seqbench.schema`, and one more for each factor of the grid.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd

from seqbench import schema
from seqbench.errors import LeftOutWarning, StoreError
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store import tables
from seqbench.store.failures import Failure
from seqbench.store.plan_file import PlanFile, TrialLabel, load_plan
from seqbench.store.records import Record, UnusableRecord
from seqbench.store.trials import SetAside, TrialStore

PART = 1000
"""Trials whose records are held in memory at once while tables are made of them."""


def _empty(columns: Iterable[str]) -> pd.DataFrame:
    return typed(pd.DataFrame(columns=list(columns)), columns)


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """All that a grid has produced so far.

    trials: one row per planned trial, with the columns of `RESULT_COLUMNS` (accuracy as a share from 0 to 1, time in
        seconds, lengths in steps) and one for each factor; a trial that has not finished has no outcome
    curves: one row per evaluation, with the columns of `CURVE_COLUMNS`, by trial and step
    probes: one row per measurement, with the columns of `PROBE_COLUMNS`; accuracy by distance is among them
    plan: what was planned
    failures: why they crashed, by trial, of those that crashed and have not finished since
    folder: where it is kept, if it is
    """

    trials: pd.DataFrame
    curves: pd.DataFrame = field(default_factory=lambda: _empty(CURVE_COLUMNS))
    probes: pd.DataFrame = field(default_factory=lambda: _empty(PROBE_COLUMNS))
    plan: PlanFile = field(default_factory=PlanFile)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    folder: Path | None = None

    def __repr__(self) -> str:
        """How much of which grid there is, in a line."""
        done, planned = len(self.finished), len(self.trials)
        place = f" in {self.folder}" if self.folder else ""
        return f"<Results of {self.plan.grid or 'a grid'}: {done:,} of {planned:,} trials finished{place}>"

    @cached_property
    def finished(self) -> pd.DataFrame:
        """The trials that have finished."""
        return schema.finished(self.trials).reset_index(drop=True)

    @cached_property
    def reporting(self) -> pd.DataFrame:
        """The finished trials that are compared: all but those that chose settings."""
        return schema.with_purpose(self.finished, "reporting")


def load(path: str | Path) -> Results:
    """The results of a grid.

        results = seqbench.load("results/quickstart")
        results.finished                                         # one row per finished trial

    Args:
        path: a results folder, such as `results/quickstart`.

    Warns:
        LeftOutWarning: a trial file cannot be used.

    Raises:
        UsageError: there is no such folder. StoreError: the plan or the tables are damaged.
    """
    folder = Path(path)
    plan, store = load_plan(folder), TrialStore(folder)
    if not tables.alone(folder):
        unusable: list[SetAside] = []
        results = results_stored(store, plan, unusable)
        for path, reason in unusable:
            warnings.warn(f"{path} {reason} and is left out; running the grid trains it again", LeftOutWarning, 2)
        return results
    kept = tables.read(folder)
    known = set(kept["results"]["trial"])
    if not known <= plan.trials.keys():
        raise StoreError(f"{folder}: plan.json and results.parquet are of different runs. Restore both, or run again.")
    planned = results_of([], plan).trials
    absent = planned[~planned["trial"].isin(known)]
    parts = [part for part in (typed(kept["results"], planned.columns), absent) if len(part)]
    return Results(
        trials=pd.concat(parts, ignore_index=True) if parts else planned,
        curves=typed(kept["curves"], CURVE_COLUMNS),
        probes=typed(kept["probes"], PROBE_COLUMNS),
        plan=plan,
        failures=store.read_failures(),
        folder=folder,
    )


def results_stored(store: TrialStore, plan: PlanFile, unusable: list[SetAside]) -> Results:
    """The results in the trial files of a folder; files that cannot be used go to `unusable` and stay in place."""
    return results_found(partial(_found, store, unusable), plan, store.read_failures(), store.folder)


def _found(store: TrialStore, unusable: list[SetAside], trial: str) -> Record | None:
    """A finished trial, if its file can be used."""
    try:
        return store.find(trial)
    except UnusableRecord as error:
        unusable.append(SetAside(store.trials / f"{trial}.json", str(error)))
        return None


def load_results(path: str | Path, *, missing: bool = False) -> pd.DataFrame:
    """One row per finished trial; with `missing`, one per planned trial. See `Results.trials`; raises as `load`."""
    results = load(path)
    return results.trials if missing else results.finished


def load_curves(path: str | Path) -> pd.DataFrame:
    """One row per evaluation. See `Results.curves`; raises as `load`."""
    return load(path).curves


def load_probes(path: str | Path) -> pd.DataFrame:
    """One row per measurement. See `Results.probes`; raises as `load`."""
    return load(path).probes


def results_of(
    records: Iterable[Record], plan: PlanFile, failures: Mapping[str, Failure] | None = None, folder: Path | None = None
) -> Results:
    """The results in trial records; records of trials that the plan does not know are left out."""
    known = {record.trial: record for record in records}
    return results_found(known.get, plan, failures, folder)


def results_found(
    find: Callable[[str], Record | None],
    plan: PlanFile,
    failures: Mapping[str, Failure] | None = None,
    folder: Path | None = None,
) -> Results:
    """The same of the records that `find` returns, called once for each planned trial, in order.

    As Python's values a record takes ten times the memory of its rows in a table, so that few are held at once.
    """
    trials = list(plan.trials)
    parts = [_part(trials[first : first + PART], find, plan) for first in range(0, max(len(trials), 1), PART)]
    made, curves, probes = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    return Results(made, curves, probes, plan=plan, failures=dict(failures or {}), folder=folder)


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


def under_plan(results: Results, plan: PlanFile) -> Results:
    """The same results as another plan sees them: what it does not know is left out, and what it adds is missing."""
    measured = results.trials.drop(columns=[*TrialLabel.__dataclass_fields__, *results.plan.factors], errors="ignore")
    labels = pd.DataFrame({"trial": trial} | label.columns for trial, label in plan.trials.items())
    columns = [*RESULT_COLUMNS, *plan.factors]
    trials = labels.merge(measured, on="trial", how="left") if plan.trials else pd.DataFrame(columns=columns)
    known = set(plan.trials)
    return Results(
        trials=typed(trials, columns),
        curves=results.curves[results.curves["trial"].isin(known)].reset_index(drop=True),
        probes=results.probes[results.probes["trial"].isin(known)].reset_index(drop=True),
        plan=plan,
        failures={trial: text for trial, text in results.failures.items() if trial in known},
    )


def write_tables(folder: Path, results: Results) -> None:
    """Write the tables of what has finished; see `tables.write`."""
    tables.write(folder, {"results": results.finished, "curves": results.curves, "probes": results.probes})


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
