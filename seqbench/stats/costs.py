"""What training costs: the time of a step, the size of a model, the hours of all trials."""

from __future__ import annotations

import pandas as pd

from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import trained_alike

COLUMNS = ["task", "method", "milliseconds", "parameters", "hours", "trials", "octaves"]


def parameters(rows: pd.DataFrame) -> pd.Series:
    """The number of trained numbers by task and method: the median over trials, whose widths may differ."""
    return rows.assign(parameters=pd.to_numeric(rows["parameters"])).groupby(["task", "method"])["parameters"].median()


def hours(rows: pd.DataFrame) -> float:
    """The time of training and evaluation of all rows together, on one worker."""
    return float(rows["seconds"].astype(float).sum()) / 3600


def costs(rows: pd.DataFrame, methods: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method and task, in the order of the trials.

    Args:
        rows: finished reporting trials.
        methods: the table of methods, `seqbench.stats.methods.methods_table`.
        declared: which lengths were searched.

    Returns:
        milliseconds: of a training step, the median over the trials at lengths at which all seeds are trained, because
            longer sequences take longer; hours: of all `trials`; parameters, octaves: as `methods` has them.
    """
    alike = rows["trial"].isin(trained_alike(rows, declared)["trial"])
    speed = 1000 * rows["seconds"].astype(float) / rows["steps"].astype(float).where(lambda steps: steps > 0)
    groups = rows.assign(milliseconds=speed.where(alike)).groupby(["task", "method"], sort=False)
    table = groups.agg(milliseconds=("milliseconds", "median"), trials=("trial", "size"))
    table["hours"] = [hours(own) for _, own in groups]
    known = methods.set_index(["task", "method"])[["parameters", "octaves"]]
    return table.join(known).reset_index()[COLUMNS]
