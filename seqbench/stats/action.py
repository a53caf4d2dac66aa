"""Proof of action: what the remedies of a method did to the gradient, the recurrent matrix and the paths through time.

Each remedy is judged by the figures of its own traces (`seqbench.traces`), whatever stands beside it. Every figure is a
median over the method's finished reporting trials on a task. What changes while training is given at the start and at
the end; the measurements themselves are described in `seqbench.training.action` and `seqbench.probes.action`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqbench.schema import finished, with_purpose
from seqbench.traces import PROOF, Remedy

TRACES = ("gradient_norm", "gradient_norm_after", "shrink_factor", "clipped_share", "clipped_entries")
"""What training records of the gradient before and after the remedies, over all steps of a trial."""

FIGURES = ("from_identity", "from_orthogonal", "spectral_radius", "retention", "skip_share", "parameter_norm")
"""What probes record of weights, gates and paths; `skip_share` at the dependency length, or at the farthest state."""

COLUMNS = ["method", "task", "n", *TRACES, *(f"{name}_{when}" for name in FIGURES for when in ("start", "end"))]


SELDOM = 0.5
"""A remedy that acted in a smaller share of its trials is said to have acted seldom."""

ACTION_COLUMNS = [
    "method", "task", "remedy", "figure", "trials", "acted", "active", "median", "equals_baseline",
]  # fmt: skip


def proof_of_action(results: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """One row a method and task, in the order of the results; NaN where a method has no such figure.

    Args:
        results: one row a trial (`load_results`).
        probes: one row a measurement (`load_probes`).

    Returns:
        `n` trials; the columns of `TRACES`; and of each of `FIGURES` its value at the `start`, before training, and
        at the `end`, when it was last read.
    """
    trials = with_purpose(finished(results), "reporting")
    numbers = trials.reindex(columns=["trial", "method", "task", *TRACES]).astype(dict.fromkeys(TRACES, float))
    numbers = numbers.merge(_start_and_end(trials, probes), left_on="trial", right_index=True, how="left")
    groups = numbers.drop(columns="trial").groupby(["method", "task"], sort=False)
    return groups.median().assign(n=groups.size()).reset_index()[COLUMNS]


def _start_and_end(trials: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """Each figure of `FIGURES` at the start and at the end, by trial."""
    rows = probes[probes["probe"].isin(FIGURES) & probes["trial"].isin(trials["trial"])]
    rows = rows.astype({"distance": float, "value": float, "step": float})
    length = rows["trial"].map(trials.set_index("trial")["length"]).astype(float)
    rows = _up_to_dependency(rows.assign(length=length))
    # The last of a step is the farthest distance, for the one figure that has distances.
    rows = rows.sort_values(["step", "distance"], na_position="first", kind="stable")
    parts = []
    for own, when in ((rows[rows["step"] == 0], "_start"), (rows[rows["step"] > 0], "_end")):
        # The last row, even where it holds no number: what overflowed is not what was read before.
        last = own.drop_duplicates(["trial", "probe"], keep="last").set_index(["trial", "probe"])["value"].unstack()
        parts.append(last.reindex(columns=list(FIGURES)).add_suffix(when))
    return pd.concat(parts, axis="columns").astype(np.float64)


def _up_to_dependency(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows up to the dependency length of their trial, or to the first distance beyond where it was not measured.

    rows: with `trial`, `probe`, `distance` (missing where a figure has none) and `length`
    """
    beyond = rows[rows["distance"] >= rows["length"]]
    first = beyond.groupby(["trial", "probe"])["distance"].min().rename("first")
    first = rows.join(first, on=["trial", "probe"])["first"].fillna(np.inf)
    return rows[rows["distance"].isna() | (rows["distance"] <= first)]


def remedies_that_acted(
    results: pd.DataFrame,
    probes: pd.DataFrame,
    remedies: Mapping[str, Sequence[Remedy]],
    *,
    baseline: str | None = None,
) -> pd.DataFrame:
    """One row a method, task and remedy whose action left a trace: in how many trials did it act?

    Args:
        results: one row a trial.
        probes: one row a measurement.
        remedies: those of each method, in order.
        baseline: the method without remedies.

    Returns:
        figure: what was measured of it (`seqbench.traces.PROOF`); trials: finished ones in which it was; acted: those
        of them in which a figure of the remedy was ever above 0; active: whether any was; median: of the figure over
        trials, as last read, at the dependency length or the next distance beyond if it has distances;
        equals_baseline: whether an inactive method gave the baseline's very numbers on every task, length, seed and
        learning rate that both have (missing if it is active or there is nothing to compare).
    """
    proofs = _proofs(results, probes)
    rows = []
    for (method, task), own in finished(results).groupby(["method", "task"], sort=True):
        of_method = proofs[proofs["trial"].isin(own["trial"])]
        for place, remedy in enumerate(remedies.get(str(method), ())):
            figures = [PROOF[trace] for trace in remedy.traces]
            found = of_method[(of_method["remedy"] == place) & of_method["probe"].isin(figures)]
            if found.empty:
                continue
            reached = found.groupby("trial")["value"].max() > 0
            figure = next(name for name in figures if (found["probe"] == name).any())
            within = _up_to_dependency(found[found["probe"] == figure])
            median = within.groupby("trial")["value"].last().median()
            same = None if reached.any() or baseline is None else _same_numbers(own, results, baseline)
            rows.append(
                (method, task, remedy.name, figure, len(reached), int(reached.sum()), bool(reached.any()), median, same)
            )
    return pd.DataFrame(rows, columns=ACTION_COLUMNS)


def acted_seldom(acted: pd.DataFrame) -> pd.Series:
    """Which rows of `remedies_that_acted` are of a remedy that acted in fewer than half of its trials, or in none."""
    return acted["acted"] < SELDOM * acted["trials"]


def _proofs(results: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """What was measured of single remedies, with the trial's dependency length, by step and distance."""
    numbers = ["step", "distance", "remedy", "value"]
    rows = probes[probes["probe"].isin(PROOF.values())].reindex(columns=["trial", "probe", *numbers])
    rows = rows.astype(dict.fromkeys(numbers, float)).dropna(subset="value")
    rows = rows.assign(length=rows["trial"].map(results.set_index("trial")["length"]).astype(float))
    return rows.sort_values(["step", "distance"], na_position="first", kind="stable")


def _same_numbers(own: pd.DataFrame, results: pd.DataFrame, baseline: str) -> bool | None:
    """Whether paired trials of the baseline ended with the same accuracy and loss, to the bit; None without pairs."""
    pair, numbers = ["task", "length", "seed", "learning_rate"], ["accuracy", "loss", "diverged_at"]
    both = own[pair + numbers].merge(results.loc[results["method"] == baseline, pair + numbers], on=pair)
    if both.empty:
        return None
    first, second = (both[[f"{name}_{side}" for name in numbers]].to_numpy(float, na_value=np.nan) for side in "xy")
    return bool(np.array_equal(first, second, equal_nan=True))
