"""Whether the statements depend on the threshold of "solved" or on the training budget."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqbench.schema import HELD, finished, is_finished, rows_where, with_purpose
from seqbench.stats.brackets import find_brackets
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.preregistration import Declared
from seqbench.stats.steps_to_solve import solved_by_half
from seqbench.stats.task_arrays import (
    JUDGED_OTHERWISE,
    TaskArrays,
    arrays_by_task,
    judged_otherwise,
    solved_column,
)
from seqbench.store.results import Results

COLUMNS = [
    "task", "method", "tau", "declared", "n", "solved_longest", "rate_longest", "octaves", "low", "high",
    "median_step",
]  # fmt: skip
BUDGET_COLUMNS = [
    "task", "method", "budget_share", "steps", "n", "solved_longest", "rate_longest", "octaves", "low", "high",
    "horizon", "horizon_low", "horizon_high",
]  # fmt: skip
BUDGET_SHARES = tuple(2.0 ** (-place / 2) for place in range(12, -1, -1))
"""Parts of the training budget at which the horizon is read again: from 1/64 to all of it."""
CURVES = ("trial", "step", "validation_accuracy")
"""Columns of the curves that are read."""


HORIZON = ["octaves", "low", "high", "horizon", "horizon_low", "horizon_high"]
"""Columns of `horizon_means` that are read again."""


def judged_curves(results: Results) -> pd.DataFrame:
    """What `sensitivity` reads of the curves: the reporting trials of each task's longest length, in three columns."""
    rows = with_purpose(results.trials, "reporting")
    found = results.rows_of("curves", _at_longest(rows)["trial"], CURVES)
    return found if len(found) else results.curves  # whether there are evaluations at all


def first_held(curves: pd.DataFrame, tau: float) -> pd.Series:
    """Step of the first of three evaluations in a row with validation accuracy >= `tau`, by trial; NaN: none."""
    ordered = curves.sort_values(["trial", "step"])
    met = ordered["validation_accuracy"].astype(float) >= tau
    held, by_trial = met.copy(), met.groupby(ordered["trial"])
    for ahead in range(1, HELD):
        held &= by_trial.shift(-ahead, fill_value=False)
    return ordered["step"].astype(float).where(held).groupby(ordered["trial"]).min()


def _steps(trials: pd.DataFrame, curves: pd.DataFrame | None, tau: float | None) -> pd.Series:
    """Step at which each trial solved at `tau` (None: as recorded); infinite if it did not, NaN without curves."""
    if tau is None:
        return trials["solved_at"].fillna(np.inf)
    if curves is None or curves.empty:
        return pd.Series(np.nan, index=trials.index)
    held = first_held(curves[curves["trial"].isin(trials["trial"])], tau)
    return trials["trial"].map(held).astype(float).fillna(np.inf)


def _at_longest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of each task's longest length."""
    return rows_where(rows, rows["length"] == rows.groupby("task")["length"].transform("max"))


class _Trials(NamedTuple):
    """What is judged several times.

    rows: all of them
    listed: those at the longest length, of tasks whose lengths are a list
    by_task: the arrays of each task with its rows
    """

    rows: pd.DataFrame
    listed: pd.DataFrame
    by_task: list[tuple[TaskArrays, pd.DataFrame]]


def _prepared(rows: pd.DataFrame, declared: Declared) -> _Trials:
    rows = rows.reset_index(drop=True)
    listed = _at_longest(rows_where(rows, ~rows["task"].isin(list(declared.searched))))
    by_task = [(arrays, rows_where(rows, rows["task"] == arrays.task)) for arrays in arrays_by_task(rows, declared)]
    return _Trials(rows, listed, by_task)


def _at(trials: _Trials, solved: pd.Series, declared: Declared) -> pd.DataFrame:
    """Solve rate at the longest length and horizon of every method, with trials judged as `solved` says.

    A search trains few seeds at the longest length: there only the horizon is given.

    Args:
        trials: what is judged.
        solved: 1 solved, 0 not, NaN not finished, by the index of `trials.rows`.
        declared: the level of intervals.
    """
    judged = (judged_otherwise(arrays, own, solved[own.index]) for arrays, own in trials.by_task)
    far = pd.concat([horizon_means(find_brackets(arrays), declared.alpha) for arrays in judged])
    listed = trials.listed.assign(solved=solved[trials.listed.index]).groupby(["task", "method"], as_index=False)
    rates = listed.agg(n=("solved", "count"), solved_longest=("solved", "sum"))
    rates["solved_longest"] = rates["solved_longest"].astype(int)
    rates["rate_longest"] = rates["solved_longest"] / rates["n"].where(rates["n"] > 0)
    return far[["task", "method", *HORIZON]].merge(rates, on=["task", "method"], how="left")


def _median_steps(rows: pd.DataFrame, curves: pd.DataFrame | None, tau: float | None) -> pd.DataFrame:
    """The step by which half of the finished of these trials had solved at `tau`, by task and method."""
    last = finished(rows)
    steps = last.assign(median_step=_steps(last, curves, tau)).groupby(["task", "method"], as_index=False)
    return steps["median_step"].agg(solved_by_half)


def _reachable(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table without thresholds above the criterion of a task of which trials (`rows`) stopped once they met it.

    They had no chance to reach more: there the table would measure where training stopped.
    """
    stopped = rows[rows["solved_at"].notna() & (rows["steps"] < rows["budget"])]
    criterion = stopped.groupby("task")["solved_threshold"].min()
    return rows_where(table, table["declared"] | ~(table["tau"] > table["task"].map(criterion)))


def sensitivity(rows: pd.DataFrame, curves: pd.DataFrame | None, declared: Declared) -> pd.DataFrame:
    """One row a task, method and threshold, the declared one (`declared`) among them, for tasks judged by accuracy.

    Thresholds above the criterion of a task have none where trials stopped once they were solved.

    tau: the accuracy from which a trial counts as solved
    median_step: step by which half of the trials at the longest length had held it for three evaluations; infinite
        if they had not, missing without `curves`
    """
    otherwise = rows.loc[rows["solved_metric"].isin(JUDGED_OTHERWISE), "task"]
    judged = rows_where(rows, ~rows["task"].isin(otherwise))
    if judged["accuracy"].notna().sum() == 0:
        return pd.DataFrame(columns=COLUMNS)
    trials = _prepared(judged, declared)

    def at(tau: float | None) -> pd.DataFrame:
        table = _at(trials, solved_column(trials.rows, tau), declared)
        return table.merge(_median_steps(trials.listed, curves, tau), on=["task", "method"], how="left")

    stated = at(declared.tau).assign(declared=True)
    own = judged.groupby("task")["solved_threshold"].max()
    stated["tau"] = declared.tau if declared.tau is not None else stated["task"].map(own).astype(float)
    others = [at(tau).assign(tau=tau, declared=False) for tau in declared.sensitivity]
    table = _reachable(pd.concat([stated, *others], ignore_index=True)[COLUMNS], judged)
    return table.drop_duplicates(["task", "method", "tau"]).sort_values(["task", "method", "tau"], ignore_index=True)


def budget_sensitivity(rows: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a task, method and part of the training budget: what had been solved by then, from the curves kept.

    steps: training steps by then; missing where the budget depends on the length
    Before the end a trial counts as solved from the first of three evaluations in a row that met the criterion on
    validation data; with the whole budget its own outcome counts, as everywhere else.
    """
    if finished(rows).empty:
        return pd.DataFrame(columns=BUDGET_COLUMNS)
    trials, parts = _prepared(rows, replace(declared, tau=None)), []
    rows = trials.rows
    budgets = rows.groupby("task")["budget"].agg(lambda own: own.max() if own.nunique() == 1 else np.nan)
    for share in BUDGET_SHARES:
        within = rows["solved_at"] <= share * rows["budget"] if share < 1 else rows["outcome"] == "solved"
        found = _at(trials, within.astype(float).where(is_finished(rows)), declared)
        parts.append(found.assign(budget_share=share, steps=share * found["task"].map(budgets)))
    return pd.concat(parts)[BUDGET_COLUMNS].sort_values(["task", "method", "budget_share"], ignore_index=True)
