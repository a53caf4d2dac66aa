"""How networks do at dependency lengths that they were not trained at, over the seeds that solved their own."""

from __future__ import annotations

import pandas as pd

from seqbench.schema import ACCURACY_AT

COLUMNS = ["task", "method", "length", "tested", "n", "median", "mean", "worst", "best"]


def accuracies_elsewhere(rows: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """One row a trial that solved its task and a length at which it was tested, its own included.

    Args:
        rows: finished trials.
        probes: one row a measurement; see `seqbench.schema.PROBE_COLUMNS`.

    Returns:
        trial, task, method, length (that of training), seed, tested (the other), accuracy
    """
    found = probes.loc[probes["probe"] == ACCURACY_AT, ["trial", "distance", "value"]]
    solved = rows.loc[rows["outcome"] == "solved", ["trial", "task", "method", "length", "seed"]]
    both = solved.merge(found.rename(columns={"distance": "tested", "value": "accuracy"}), on="trial")
    return both.astype({"length": int, "tested": int, "accuracy": float})


def other_lengths(accuracies: pd.DataFrame) -> pd.DataFrame:
    """One row a task, method, training length and test length: the accuracies of the `n` seeds."""
    keys = ["task", "method", "length", "tested"]
    grouped = accuracies.groupby(keys, sort=True, observed=True)["accuracy"]
    named = {"n": "size", "median": "median", "mean": "mean", "worst": "min", "best": "max"}
    return grouped.agg(**named).reset_index().reindex(columns=COLUMNS)
