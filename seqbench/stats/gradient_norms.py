"""Norms of the gradient, as medians over seeds: by distance before training, and by dependency length over training.

A norm that was measured and is no finite number has overflowed and counts as infinite: without it the median would be
that of the seeds that survived. An infinite median cannot be drawn, and pictures leave it out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.schema import finished, with_purpose

PROBE = "gradient_norm"
"""The probe that measures the norm of the loss gradient by distance (`seqbench.probes.gradient_flow`)."""
DISTANCE_COLUMNS = ["method", "task", "distance", "value", "n"]
NORMS = ["gradient_norm", "gradient_norm_after"]
"""Norms that training records of every trial: before the mitigations and after them."""
LENGTH_COLUMNS = ["method", "task", "length", *NORMS]


def before_training(probes: pd.DataFrame) -> pd.DataFrame:
    """The measurements of the gradient by distance at initialisation.

    Distance 0 is left out: the axis of every picture of them is a logarithm.
    """
    return probes[(probes["step"] == 0) & (probes["distance"] > 0) & (probes["probe"] == PROBE)]


def at_longest(trials: pd.DataFrame) -> pd.DataFrame:
    """Those of the trials that are at the longest length of their method on their task."""
    return trials[trials["length"] == trials.groupby(["task", "method"])["length"].transform("max")]


def gradient_by_distance(results: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """One row a method, task and distance: the norm that arrives from there before training.

    Args:
        results: one row a trial (`load_results`).
        probes: one row a measurement (`load_probes`).

    Returns:
        value: median over the `n` finished reporting trials of the method's longest length that measured it.
    """
    trials = with_purpose(finished(results), "reporting")
    longest = at_longest(trials)
    rows = before_training(probes).astype({"distance": float, "value": float})
    rows = rows.merge(longest[["trial", "method", "task"]], on="trial")
    groups = rows.fillna({"value": np.inf}).groupby(["method", "task", "distance"], sort=True)["value"]
    return groups.agg(value="median", n="size").reset_index()[DISTANCE_COLUMNS]


def relative_gradient(measured: pd.DataFrame) -> pd.DataFrame:
    """One row a task, method, length and distance: the gradient from there as a share of the nearest one above 0.

    Args:
        measured: one row a measurement of `gradient_norm`, with `trial`, `method`, `task` and `length`.

    Returns:
        share: median over the trials that measured a finite one; by rising distance.
    """
    rows = measured[measured["probe"] == PROBE].astype({"distance": float, "value": float}).sort_values("distance")
    nearest = rows[rows["value"] > 0].groupby("trial")["value"].first()
    shares = rows["value"] / rows["trial"].map(nearest).astype(float)
    rows = rows.assign(share=shares.mask(rows["value"] == 0, 0.0))
    rows = rows[np.isfinite(rows["share"])]
    shares = rows.groupby(["task", "method", "length", "distance"], sort=False)["share"].median().reset_index()
    return shares.sort_values("distance", kind="stable")


def norms_by_length(results: pd.DataFrame) -> pd.DataFrame:
    """One row a method, task and length: medians over seeds of each of `NORMS`, the mean norm of a trial's training."""
    trials = with_purpose(finished(results), "reporting")
    groups = trials[["method", "task", "length"]].join(trials[NORMS].astype(float).fillna(np.inf))
    return groups.groupby(["method", "task", "length"], sort=True)[NORMS].median().reset_index()[LENGTH_COLUMNS]
