"""The figure of a single trial that a criterion of a claim is about: from its results, its curve or its probes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from seqbench.schema import is_finished
from seqbench.stats.task_arrays import accuracy_column

COUNTED = ("solved", "diverged")
"""Figures that count seeds; the others are the median seed's, or a horizon."""

DIFFERENCES = (*COUNTED, "accuracy")
"""Figures that are compared with another method's by their difference; the others by their ratio."""


class Measured(NamedTuple):
    """The tables beside the results, with the columns of `CURVE_COLUMNS` and `PROBE_COLUMNS`."""

    curves: pd.DataFrame
    probes: pd.DataFrame


def seed_values(figure: str, rows: pd.DataFrame, measured: Measured | None = None) -> pd.Series:
    """The figure of each trial by seed and method, NaN for one that has not finished; the worst where it diverged.

    Steps to solve are infinite where a trial was not solved, and where it was at the final test alone: it held the
    criterion at no three evaluations within the budget, so that they are more than the budget.

    Args:
        figure: of `seqbench.grid.claim.Figure`, except `horizon`.
        rows: one row a trial.
        measured: curves and probes of these trials, for the figures that are read from them.
    """
    if figure in COUNTED:
        found = (rows["outcome"] == figure).astype(float)
    elif figure == "accuracy":
        found = accuracy_column(rows)
    elif figure == "loss":
        found = rows["loss"].mask(rows["outcome"] == "diverged", np.inf)
    elif figure == "steps":
        found = rows["solved_at"].where((rows["outcome"] == "solved") & rows["solved_at"].notna(), np.inf)
    else:
        found = rows["trial"].map(_measured(figure, measured))
        if figure != "gradient_slope":
            found = found.fillna(np.inf)  # it diverged before its first evaluation
    return found.where(is_finished(rows)).set_axis(pd.MultiIndex.from_frame(rows[["seed", "method"]]))


def _measured(figure: str, measured: Measured | None) -> pd.Series:
    """A figure by trial from its curve, where a loss that is not finite is infinite, or from its probes."""
    if measured is None:
        return pd.Series(dtype=float)
    if figure == "gradient_slope":
        start = measured.probes[(measured.probes["step"] == 0) & (measured.probes["probe"] == "gradient_growth")]
        return np.log(start.set_index("trial")["value"].astype(float))
    losses = measured.curves["validation_loss"].fillna(np.inf).groupby(measured.curves["trial"])
    return losses.min() if figure == "lowest_loss" else losses.max()
