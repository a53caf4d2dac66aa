"""Whether the statements depend on the threshold of "solved" or on the training budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from seqbench.schema import finished, is_finished
from seqbench.stats.horizon import horizons
from seqbench.stats.preregistration import Declared
from seqbench.stats.solve_rate import solve_rates
from seqbench.stats.task_arrays import arrays_by_task

COLUMNS = [
    "task", "method", "tau", "declared", "n", "solved_longest", "rate_longest", "octaves", "low", "high",
    "median_step",
]  # fmt: skip
BUDGET_COLUMNS = ["task", "method", "budget_share", "n", "solved_longest", "rate_longest", "octaves", "low", "high"]
BUDGET_SHARES = (0.25, 0.5, 1.0)
"""Parts of the training budget at which the horizon is read again."""
HELD_FOR = 3
"""Evaluations in a row that must meet the threshold before a trial counts as solved at the first of them."""


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
    """Solve rate and median step at the longest length and horizon of every method, with trials judged at `tau`."""
    plan = replace(declared, tau=tau)
    far = pd.concat([horizons(arrays, plan) for arrays in arrays_by_task(rows, plan)])
    table = far[["task", "method", "octaves", "low", "high"]].merge(
        solve_rates(_at_longest(rows), plan)[["task", "method", "n", "solved", "rate"]], on=["task", "method"]
    )
    last = _at_longest(finished(rows))
    medians = last.assign(median_step=_steps(last, curves, tau)).groupby(["task", "method"], as_index=False)
    table = table.merge(medians["median_step"].median(), on=["task", "method"], how="left")
    return table.rename(columns={"solved": "solved_longest", "rate": "rate_longest"})


def sensitivity(rows: pd.DataFrame, curves: pd.DataFrame | None, declared: Declared) -> pd.DataFrame:
    """One row a task, method and threshold, the declared one (`declared`) among them, for tasks judged by accuracy.

    tau: the accuracy from which a trial counts as solved
    median_step: step by which half of the trials at the longest length had held it for three evaluations; infinite
        if they had not, missing without `curves`
    """
    by_loss = rows.loc[rows["solved_metric"] == "loss", "task"]
    judged = rows[~rows["task"].isin(by_loss)]
    if judged["accuracy"].notna().sum() == 0:
        return pd.DataFrame(columns=COLUMNS)
    stated = _at(judged, curves, declared, declared.tau).assign(declared=True)
    own = judged.groupby("task")["solved_threshold"].max()
    stated["tau"] = declared.tau if declared.tau is not None else stated["task"].map(own).astype(float)
    others = [_at(judged, curves, declared, tau).assign(tau=tau, declared=False) for tau in declared.sensitivity]
    table = pd.concat([stated, *others])[COLUMNS]
    return table.drop_duplicates(["task", "method", "tau"]).sort_values(["task", "method", "tau"], ignore_index=True)


def budget_sensitivity(rows: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a task, method and part of the training budget: what had been solved by then.

    A trial counts as solved from the first of three evaluations in a row that met the criterion, at every share alike,
    so the last share can differ from what the trial did on test data at its very end.
    """
    if finished(rows).empty:
        return pd.DataFrame(columns=BUDGET_COLUMNS)
    plan, parts = replace(declared, tau=None), []
    for share in BUDGET_SHARES:
        within = np.where(rows["solved_at"] <= share * rows["budget"], "solved", "chance")
        outcome = pd.Series(within, rows.index, dtype=object).where(is_finished(rows), None)
        parts.append(_at(rows.assign(outcome=outcome), None, plan, None).assign(budget_share=share))
    return pd.concat(parts)[BUDGET_COLUMNS].sort_values(["task", "method", "budget_share"], ignore_index=True)
