"""How far the numbers of a trial that was trained again are from those that it had: none, or the largest difference.

Times differ always and are not compared. Neither is what the stored tables do not hold at all, because the version that
wrote them did not measure it, or because the probe was not asked for.
"""

from __future__ import annotations

import json
import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqbench.schema import TABLES, DataColumn
from seqbench.store.results import Results
from seqbench.store.trial_label import TrialLabel

NAMES = {"trial", "environment", "probed", *TrialLabel.__dataclass_fields__}
"""Columns of the results that name a trial, or say where it ran and what was asked of it."""

KEYS = {"results": ["trial"], "curves": ["step"], "probes": ["step", "probe", "distance", "remedy"]}
"""The columns that tell the rows of one trial apart, by table."""

NTH = "nth"
"""Column that numbers rows with the same keys, which a probe of a user's own may return."""


class Difference(NamedTuple):
    """Where two trainings of a trial differ most.

    relative: |a - b| / max(|a|, |b|); infinite where one of them has no number, or a text differs
    where: the column, and the row unless the trial has one
    before, after: what stands there
    """

    relative: float
    where: str
    before: object
    after: object


def largest_difference(before: Results, after: Results, trial: str, *, retrained: bool = False) -> Difference | None:
    """The largest relative difference between two trainings of a trial; None if all numbers agree to the last bit.

    Measurements are compared as far as both hold them: a copy for committing is without those that no report shows.

    Args:
        before: results that hold the trial.
        after: results that hold it as well.
        trial: its identity.
        retrained: `after` comes from a training just now, which leaves out nothing: where it read all probes that were
            read before, a measurement that only `before` holds is a difference.
    """
    found = []
    asked, read = _probed(before, trial), _probed(after, trial)
    whole = retrained and asked is not None and read is not None and asked <= read
    for table, columns in TABLES.items():
        stored = _table(before, table)
        one, other = _rows(stored, trial), _rows(_table(after, table), trial)
        one, other = (_numbered(rows, KEYS[table]) for rows in (one, other))
        how = "outer" if table != "probes" else "left" if whole else "inner"
        both = one.merge(other, on=[*KEYS[table], NTH], how=how, suffixes=("_before", "_after"), indicator=True)
        known = [
            column for column in columns.values() if _compared(column, table) and stored[column.name].notna().any()
        ]
        found += [_largest(both, column, table) for column in known]
        found += [_unmatched(both, table)]
    return max((each for each in found if each), key=lambda each: each.relative, default=None)


def _table(results: Results, table: str) -> pd.DataFrame:
    return results.trials if table == "results" else getattr(results, table)


def _probed(results: Results, trial: str) -> set[str] | None:
    """The labels of the probes that were read; None where the results do not say."""
    labels = _rows(results.trials, trial)["probed"].dropna()
    return set(json.loads(labels.iloc[0])) if len(labels) else None


def _rows(table: pd.DataFrame, trial: str) -> pd.DataFrame:
    return table[table["trial"] == trial]


def _numbered(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return rows.assign(**{NTH: rows.groupby(keys, dropna=False).cumcount()})


def _compared(column: DataColumn, table: str) -> bool:
    return column.name not in (*KEYS[table], *NAMES) and column.unit != "seconds"


def _largest(both: pd.DataFrame, column: DataColumn, table: str) -> Difference | None:
    """The largest difference in one column."""
    matched = both[both["_merge"] == "both"].reset_index(drop=True)
    one, other = matched[f"{column.name}_before"], matched[f"{column.name}_after"]
    if column.kind == "text":
        equal = (one == other) | (one.isna() & other.isna())
        relative = np.where(equal.fillna(False).to_numpy(bool), 0.0, math.inf)
    else:
        relative = relative_differences(one.to_numpy(float, na_value=np.nan), other.to_numpy(float, na_value=np.nan))
    if not relative.any():
        return None
    row = int(relative.argmax())
    return Difference(float(relative[row]), _place(matched.loc[row], column.name, table), one[row], other[row])


def relative_differences(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """|a - b| / max(|a|, |b|) element by element: 0 where both are equal or absent, infinite where one alone is absent.

    Args:
        one: numbers, NaN where there is none.
        other: as many.
    """
    absent = np.isnan(one) != np.isnan(other)
    with np.errstate(invalid="ignore"):  # infinities of one sign are equal, of two signs infinitely apart
        relative = np.abs(one - other) / np.maximum(np.abs(one), np.abs(other))
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    return np.where(same, 0.0, np.where(absent | np.isnan(relative), math.inf, relative))


def _unmatched(both: pd.DataFrame, table: str) -> Difference | None:
    """A row that only one of the two has."""
    alone = both[both["_merge"] != "both"]
    if alone.empty:
        return None
    row = alone.iloc[0]
    sides = ("a row", "none") if row["_merge"] == "left_only" else ("none", "a row")
    return Difference(math.inf, _place(row, table, table), *sides)


def _place(row: pd.Series, name: str, table: str) -> str:
    """`train_loss at step 20`, or the column alone where a trial has one row."""
    if table == "results":
        return name
    if table == "curves":
        return f"{name} at step {row['step']}"
    distance = f", distance {row['distance']}" if pd.notna(row["distance"]) else ""
    return f"{row['probe']} at step {row['step']}{distance}"
