"""Proof of action: what the remedies of a method did to the gradient, the recurrent matrix and the paths through time.

Every figure is a median over the method's finished reporting trials on a task. What changes while training is given
at the start and at the end; the measurements themselves are described in `seqbench.probes.action`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

TRACES = ("gradient_norm", "gradient_norm_after", "shrink_factor", "clipped_share", "clipped_entries")
"""What training records of the gradient before and after the remedies, over all steps of a trial."""

FIGURES = ("from_identity", "from_orthogonal", "spectral_radius", "retention", "skip_share", "parameter_norm")
"""What probes record of weights, gates and paths; `skip_share` at the dependency length, or at the farthest state."""

COLUMNS = ["method", "task", "n", *TRACES, *(f"{name}_{when}" for name in FIGURES for when in ("start", "end"))]


def proof_of_action(results: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """One row a method and task, in the order of the results; NaN where a method has no such figure.

    Args:
        results: one row a trial (`load_results`).
        probes: one row a measurement (`load_probes`).

    Returns:
        `n` trials; the columns of `TRACES`; and of each of `FIGURES` its value at the `start`, before training, and
        at the `end`, when it was last read.
    """
    finished = results[results["outcome"].notna()]
    trials = finished[finished["purpose"] != "tuning"] if "purpose" in finished else finished
    numbers = trials.reindex(columns=["trial", "method", "task", *TRACES]).astype(dict.fromkeys(TRACES, float))
    numbers = numbers.merge(_start_and_end(trials, probes), left_on="trial", right_index=True, how="left")
    groups = numbers.drop(columns="trial").groupby(["method", "task"], sort=False)
    return groups.median().assign(n=groups.size()).reset_index()[COLUMNS]


def _start_and_end(trials: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """Each figure of `FIGURES` at the start and at the end, by trial."""
    rows = probes[probes["probe"].isin(FIGURES) & probes["trial"].isin(trials["trial"])]
    rows = rows.astype({"distance": float, "value": float, "step": float})
    length = rows["trial"].map(trials.set_index("trial")["length"]).astype(float)
    rows = rows[rows["distance"].isna() | (rows["distance"] <= length)]
    # The last of a step is the farthest distance, for the one figure that has distances.
    rows = rows.sort_values(["step", "distance"], na_position="first", kind="stable")
    start = rows[rows["step"] == 0].groupby(["trial", "probe"])["value"].last().unstack()
    end = rows[rows["step"] > 0].groupby(["trial", "probe"])["value"].last().unstack()
    both = [part.reindex(columns=list(FIGURES)).add_suffix(when) for part, when in ((start, "_start"), (end, "_end"))]
    return pd.concat(both, axis="columns").astype(np.float64)
