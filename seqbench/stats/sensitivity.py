"""Whether the statements depend on the threshold of "solved" or on the training budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from seqbench.schema import finished, is_finished
from seqbench.stats.brackets import find_brackets
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.preregistration import Declared
from seqbench.stats.solve_rate import solve_rates
from seqbench.stats.task_arrays import JUDGED_OTHERWISE, arrays_by_task

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
HELD_FOR = 3
"""Evaluations in a row that must meet the threshold before a trial counts as solved at the first of them."""


HORIZON = ["octaves", "low", "high", "horizon", "horizon_low", "horizon_high"]
"""Columns of `horizon_means` that are read again."""


def first_held(curves: pd.DataFrame, tau: float) -> pd.Series:
    """Step of the first of three evaluations in a row with validation accuracy >= `tau`, by trial; NaN: none."""
    ordered = curves.sort_values(["trial", "step"])
    met = ordered["validation_accuracy"].astype(float) >= tau
    held, by_trial = met.copy(), met.groupby(ordered["trial"])
    for ahead in range(1, HELD_FOR):
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
    return rows[rows["length"] == rows.groupby("task")["length"].transform("max")]


def _at(rows: pd.DataFrame, curves: pd.DataFrame | None, declared: Declared, tau: float | None) -> pd.DataFrame:
    """Solve rate and median step at the longest length and horizon of every method, with trials judged at `tau`.

    A search trains few seeds at the longest length: there only the horizon is given.
    """
    plan = replace(declared, tau=tau)
    far = pd.concat([horizon_means(find_brackets(arrays), plan.alpha) for arrays in arrays_by_task(rows, plan)])
    listed = _at_longest(rows[~rows["task"].isin(list(declared.searched))])
    rates = solve_rates(listed, plan)[["task", "method", "n", "solved", "rate"]]
    table = far[["task", "method", *HORIZON]].merge(rates, on=["task", "method"], how="left")
    last = finished(listed)
    medians = last.assign(median_step=_steps(last, curves, tau)).groupby(["task", "method"], as_index=False)
    table = table.merge(medians["median_step"].median(), on=["task", "method"], how="left")
    return table.rename(columns={"solved": "solved_longest", "rate": "rate_longest"})


def sensitivity(rows: pd.DataFrame, curves: pd.DataFrame | None, declared: Declared) -> pd.DataFrame:
    """One row a task, method and threshold, the declared one (`declared`) among them, for tasks judged by accuracy.

    tau: the accuracy from which a trial counts as solved
    median_step: step by which half of the trials at the longest length had held it for three evaluations; infinite
        if they had not, missing without `curves`
    """
    otherwise = rows.loc[rows["solved_metric"].isin(JUDGED_OTHERWISE), "task"]
    judged = rows[~rows["task"].isin(otherwise)]
    if judged["accuracy"].notna().sum() == 0:
        return pd.DataFrame(columns=COLUMNS)
    stated = _at(judged, curves, declared, declared.tau).assign(declared=True)
    own = judged.groupby("task")["solved_threshold"].max()
    stated["tau"] = declared.tau if declared.tau is not None else stated["task"].map(own).astype(float)
    others = [_at(judged, curves, declared, tau).assign(tau=tau, declared=False) for tau in declared.sensitivity]
    table = pd.concat([stated, *others])[COLUMNS]
    return table.drop_duplicates(["task", "method", "tau"]).sort_values(["task", "method", "tau"], ignore_index=True)


def budget_sensitivity(rows: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a task, method and part of the training budget: what had been solved by then, from the curves kept.

    steps: training steps by then; missing where the budget depends on the length
    Before the end a trial counts as solved from the first of three evaluations in a row that met the criterion on
    validation data; with the whole budget its own outcome counts, as everywhere else.
    """
    if finished(rows).empty:
        return pd.DataFrame(columns=BUDGET_COLUMNS)
    plan, parts = replace(declared, tau=None), []
    budgets = rows.groupby("task")["budget"].agg(lambda own: own.max() if own.nunique() == 1 else np.nan)
    for share in BUDGET_SHARES:
        within = rows["solved_at"] <= share * rows["budget"] if share < 1 else rows["outcome"] == "solved"
        outcome = pd.Series(np.where(within, "solved", "chance"), rows.index, dtype=object).where(
            is_finished(rows), None
        )
        found = _at(rows.assign(outcome=outcome), None, plan, None)
        parts.append(found.assign(budget_share=share, steps=share * found["task"].map(budgets)))
    return pd.concat(parts)[BUDGET_COLUMNS].sort_values(["task", "method", "budget_share"], ignore_index=True)
