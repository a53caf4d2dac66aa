"""What probes measured that no other part of the report shows: gates, and whatever a probe of one's own reads.

Every figure is a median over a method's finished reporting trials on a task at the longest length at which every seed
was trained, before training and when it was last read. A figure that has distances is given at the nearest and at the
farthest.
"""

from __future__ import annotations

import pandas as pd

from seqbench.schema import ACCURACY_AT, ACCURACY_BY, finished, with_purpose
from seqbench.stats.action import FIGURES
from seqbench.stats.gradient_norms import PROBE
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import trained_alike
from seqbench.traces import PROOF

SHOWN = {
    *FIGURES, *PROOF.values(), ACCURACY_AT, "accuracy", "test_accuracy", PROBE, "gradient_norm_geometric",
    "gradient_horizon", "gradient_growth", "gradient_overflow_predicted", "gradient_changed",
}  # fmt: skip
"""Figures with a picture or a table of their own."""

COLUMNS = ["method", "task", "length", "probe", "distance", "n", "start", "end"]


def is_shown(name: str) -> bool:
    """Whether a figure has a picture or a table of its own."""
    return name in SHOWN or name.startswith(ACCURACY_BY)


def other_measurements(results: pd.DataFrame, probes: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method, task, figure and distance, with the columns of `COLUMNS`.

    Args:
        results: one row a trial.
        probes: one row a measurement.
        declared: which lengths were searched.

    Returns:
        distance: in steps, missing for a figure without distances; n: trials; start, end: medians.
    """
    trials = trained_alike(with_purpose(finished(results), "reporting"), declared)
    longest = trials.groupby(["method", "task"])["length"].transform("max")
    own = trials.loc[trials["length"] == longest, ["trial", "method", "task", "length"]]
    others = [name for name in probes["probe"].unique() if not is_shown(name)]
    rows = probes[probes["probe"].isin(others)].merge(own, on="trial")
    rows = rows.astype({"distance": float, "value": float, "step": float})
    nearest, farthest = (rows.groupby(["trial", "probe"])["distance"].transform(end) for end in ("min", "max"))
    rows = rows[rows["distance"].isna() | (rows["distance"] == nearest) | (rows["distance"] == farthest)]
    key = ["method", "task", "length", "probe", "distance"]
    rows = rows.sort_values("step", kind="stable").set_index([*key, "trial"])
    # Rows, not the first and last numbers: what was not read before training, or overflowed at the end, has none.
    end = rows["value"][~rows.index.duplicated(keep="last")]
    start = rows.loc[rows["step"] == 0, "value"]
    start = start[~start.index.duplicated()].reindex(end.index)
    medians = pd.DataFrame({"n": 1, "start": start, "end": end}).groupby(key, sort=False, dropna=False)
    return medians.agg({"n": "sum", "start": "median", "end": "median"}).reset_index()[COLUMNS]
