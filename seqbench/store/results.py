"""A grid's results: its plan and three tables, read from its folder once.

    results/<grid>/plan.json         what was planned; see `plan_file`
    results/<grid>/results.parquet   one row per trial       } made from the trial files; read where those are absent,
    results/<grid>/curves.parquet    one row per evaluation  } as in a clone that holds committed results
    results/<grid>/probes.parquet    one row per measurement }

The columns are those of `seqbench.schema`, and one more for each factor of the grid.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

import pandas as pd

from seqbench import schema
from seqbench.errors import LeftOutWarning, StoreError
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store import tables
from seqbench.store.failures import Failure
from seqbench.store.plan_file import PlanFile, load_plan
from seqbench.store.records import Record, UnusableRecord
from seqbench.store.spool import Spooled
from seqbench.store.table_rows import Made, made_of, typed
from seqbench.store.trial_label import TrialLabel
from seqbench.store.trials import SetAside, TrialStore


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

    @property
    def measured(self) -> tuple[str, ...]:
        """What the measurements are of, each once."""
        return tuple(dict.fromkeys(self.probes["probe"]))

    def measurements(self, trials: pd.DataFrame, names: Collection[str], *, start: bool = False) -> pd.DataFrame:
        """The rows of `probes` of these trials and names, with `start` those from before training alone.

        There may be more of them: all, where they are in memory anyway.
        """
        return self.probes

    def rows_of(
        self, table: Literal["curves", "probes"], trials: Collection[str], columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The rows of a table that are of these trials, in these columns; None: in all."""
        rows: pd.DataFrame = getattr(self, table)
        return rows.loc[rows["trial"].isin(trials), slice(None) if columns is None else list(columns)].reset_index(
            drop=True
        )

    @cached_property
    def finished(self) -> pd.DataFrame:
        """The trials that have finished."""
        return schema.finished(self.trials).reset_index(drop=True)

    @cached_property
    def reporting(self) -> pd.DataFrame:
        """The finished trials that are compared: all but those that chose settings."""
        return schema.with_purpose(self.finished, "reporting")


class LargeResults(Results):
    """Results whose curves or probes are too many to be held; they are read anew whenever they are asked for."""

    made: Made

    def __init__(self, made: Made, plan: PlanFile, failures: Mapping[str, Failure], folder: Path | None) -> None:
        """The tables, and what else `Results` has."""
        vars(self).update(made=made, trials=made.trials, plan=plan, failures=failures, folder=folder)

    @property
    def curves(self) -> pd.DataFrame:
        """One row per evaluation."""
        return _held(self.made.curves)

    @property
    def probes(self) -> pd.DataFrame:
        """One row per measurement."""
        return _held(self.made.probes)

    @property
    def measured(self) -> tuple[str, ...]:
        """What the measurements are of, each once."""
        probes = self.made.probes
        return tuple(probes.names) if isinstance(probes, Spooled) else super().measured

    def rows_of(
        self, table: Literal["curves", "probes"], trials: Collection[str], columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The rows of a table that are of these trials, in these columns; None: in all."""
        kept = getattr(self.made, table)
        if not isinstance(kept, Spooled):
            return super().rows_of(table, trials, columns)
        return kept.rows({"trial": trials}, columns)

    def measurements(self, trials: pd.DataFrame, names: Collection[str], *, start: bool = False) -> pd.DataFrame:
        """The rows of `probes` of these trials and names, with `start` those from before training alone."""
        probes = self.made.probes
        chosen = {"trial": trials["trial"], "probe": names} | ({"step": (0,)} if start else {})
        return probes.rows(chosen) if isinstance(probes, Spooled) else probes


def _held(table: pd.DataFrame | Spooled) -> pd.DataFrame:
    return table.rows() if isinstance(table, Spooled) else table


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
        LaterFormat: a later version of seqbench wrote a file of it.
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
    results = results_found(partial(_found, store, unusable), plan, store.read_failures(), store.folder)
    unusable += store.unreadable_parts()
    return results


def _found(store: TrialStore, unusable: list[SetAside], trial: str) -> Record | None:
    """A finished trial, if its file can be used."""
    try:
        return store.find(trial)
    except UnusableRecord as error:
        unusable.append(SetAside(store.file_of(trial), str(error)))
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
    made = made_of(find, plan)
    if isinstance(made.curves, pd.DataFrame) and isinstance(made.probes, pd.DataFrame):
        return Results(made.trials, made.curves, made.probes, plan=plan, failures=dict(failures or {}), folder=folder)
    return LargeResults(made, plan, dict(failures or {}), folder)


def under_plan(results: Results, plan: PlanFile) -> Results:
    """The same results as another plan sees them: what it does not know is left out, and what it adds is missing."""
    measured = results.trials.drop(columns=[*TrialLabel.__dataclass_fields__, *results.plan.factors], errors="ignore")
    labels = pd.DataFrame({"trial": trial} | label.columns for trial, label in plan.trials.items())
    columns = [*RESULT_COLUMNS, *plan.factors]
    trials = labels.merge(measured, on="trial", how="left") if plan.trials else pd.DataFrame(columns=columns)
    known = set(plan.trials)
    return Results(
        trials=typed(trials, columns),
        curves=results.rows_of("curves", known),
        probes=results.rows_of("probes", known),
        plan=plan,
        failures={trial: text for trial, text in results.failures.items() if trial in known},
    )


def write_tables(folder: Path, results: Results) -> None:
    """Write the tables of what has finished; see `tables.write`."""
    rest = results.made if isinstance(results, LargeResults) else results
    tables.write(folder, {"results": results.finished, "curves": rest.curves, "probes": rest.probes})
