"""The first table of a report: one row a method and task, the furthest memory first."""

from __future__ import annotations

import pandas as pd

from seqbench.schema import is_finished
from seqbench.stats.costs import parameters
from seqbench.stats.interval import SEEDS_FOR_RANKING

COLUMNS = [
    "task", "rank", "method", "seeds", "planned", "finished", "diverged", "open", "bound", "text", "horizon",
    "horizon_low", "horizon_high", "octaves", "low", "high", "span", "at_least", "below", "shortest", "longest",
    "solved_longest", "seeds_longest", "rate_longest", "accuracy_longest", "accuracy_worst", "loss_longest",
    "trivial_loss", "learning_rate", "seconds", "parameters",
]  # fmt: skip


def _per_method(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts and costs of each method and task."""
    judged = rows.assign(
        finished=is_finished(rows), diverged=rows["outcome"] == "diverged", seconds=pd.to_numeric(rows["seconds"]),
    )  # fmt: skip
    counts = judged.groupby(["task", "method"]).agg(
        planned=("seed", "size"),
        finished=("finished", "sum"),
        diverged=("diverged", "sum"),
        seconds=("seconds", "median"),
        learning_rate=("learning_rate", lambda rates: ", ".join(f"{rate:g}" for rate in sorted(set(rates.dropna())))),
    )
    return counts.join(parameters(rows))


def methods_table(rows: pd.DataFrame, solve_rates: pd.DataFrame, horizons: pd.DataFrame) -> pd.DataFrame:
    """One row a method and task.

    rank: by mean octaves, then by the share of seeds that solved the longest length; ties share a rank; missing for
    a method with fewer than 3 seeds of known horizon.
    open to longest: see `horizon_means`, whose `n` is `seeds` here.
    solved_longest of seeds_longest: seeds that solved the `longest` length; accuracy_worst: the worst seed there,
    0 if one diverged; loss_longest, trivial_loss: test loss of the median seed there and of the best trivial predictor,
    of tasks judged by their loss. Missing where not every seed is trained at it, as in a search.
    seconds, parameters: medians over trials; learning_rate: every rate used.
    """
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    longest = solve_rates.drop(columns=["planned", "diverged", "low", "high"]).rename(
        columns={"length": "longest", "solved": "solved_longest", "n": "seeds_longest", "rate": "rate_longest",
                 "accuracy": "accuracy_longest", "loss_median": "loss_longest"}
    )  # fmt: skip
    far = horizons.rename(columns={"n": "seeds"})
    table = _per_method(rows).reset_index().merge(far, on=["task", "method"], how="left")
    table["longest"] = table["longest"].fillna(table["task"].map(rows.groupby("task")["length"].max())).astype(float)
    table = table.merge(longest.astype({"longest": float}), on=["task", "method", "longest"], how="left")
    table["seeds"] = table["seeds"].fillna(0).astype(int)
    return _ranked(table)[COLUMNS]


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Ranks within each task, and the rows in their order."""
    enough = table[table["seeds"] - table["open"].fillna(0) >= SEEDS_FOR_RANKING]
    solved = enough["at_least"] / enough["seeds"]
    score = pd.Series(list(zip(enough["octaves"].astype(float).round(9), solved, strict=True)), index=enough.index)
    place = score.groupby(enough["task"]).rank(method="min", ascending=False)
    table["rank"] = place.reindex(table.index).astype(float)
    return table.sort_values(["task", "rank", "method"], na_position="last", ignore_index=True)
