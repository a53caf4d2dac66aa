"""Test accuracy by what a task counts beside the distance, such as the attractors of a sentence."""

from __future__ import annotations

import pandas as pd

from seqbench.schema import ACCURACY_BY

KEYS = ["task", "counted", "method", "length", "at_most"]
COLUMNS = [*KEYS, "n", "median", "worst"]


def accuracy_by_group(rows: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """One row a task, what is counted, method, length and group; diverged seeds are left out.

    Args:
        rows: finished trials.
        probes: one row a measurement; see `seqbench.schema.PROBE_COLUMNS`.

    Returns:
        counted: such as "attractors"; at_most: the largest number in the group; n: trials; median, worst: accuracies
    """
    names = probes["probe"].astype(str)
    found = probes.assign(counted=names.str.removeprefix(ACCURACY_BY))[names.str.startswith(ACCURACY_BY)]
    found = found.rename(columns={"distance": "at_most"})[["trial", "counted", "at_most", "value"]]
    both = rows[["trial", "task", "method", "length"]].merge(found, on="trial").astype({"at_most": int, "value": float})
    grouped = both.groupby(KEYS, sort=False, observed=True)["value"]
    return grouped.agg(n="size", median="median", worst="min").reset_index().reindex(columns=COLUMNS)
