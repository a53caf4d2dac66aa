"""Results as arrays: for each task methods by seeds by lengths, and which method is the baseline.

Shapes: `M` methods, `S` seeds, `L` dependency lengths. NaN stands where a trial has not finished: it is counted as
missing and never imputed. A seed is the unit of every statement: it gives one whole curve over lengths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqbench.errors import UsageError
from seqbench.schema import RESULT_COLUMNS, WITHOUT, factor_columns, is_finished, rows_where, with_purpose
from seqbench.stats.interval import Floats
from seqbench.stats.preregistration import Declared

REQUIRED = ("method", "task", "length", "seed", "outcome")
BASELINES = ("baseline", "plain", "vanilla", "none", "default")
"""Names of the method that has no remedy, in lower case."""

JUDGED_OTHERWISE = ("sequence_accuracy", "loss")
"""What a criterion may look at beside the accuracy: such tasks are not judged again at other accuracies."""


@dataclass(frozen=True)
class TaskArrays:
    """The reporting trials of one task, as arrays.

    solved: `[M, S, L]` 1 solved, 0 not (partial, chance or diverged), NaN missing
    accuracy: `[M, S, L]` test accuracy, 0 where diverged; NaN missing
    solve_step: `[M, S, L]` step at which it was solved, capped at the budget, which stands where it never was
    solved_in_time: `[M, S, L]` whether it was, up to then
    budgets: `[M, L]` training steps allowed; NaN where a method has no trial
    grid: the lengths on which horizons are sought, shortest first; of a list of lengths all
    grids: of each method, those of them at which it can be trained (`Declared.impossible`)
    searched: whether a search chose the lengths of each seed: those that got further are then alone at long lengths
    """

    task: str
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    lengths: Floats
    solved: Floats
    accuracy: Floats
    solve_step: Floats
    solved_in_time: NDArray[np.bool_]
    budgets: Floats
    baseline: str | None
    grid: tuple[int, ...]
    grids: tuple[tuple[int, ...], ...]
    searched: bool = False

    @property
    def octaves(self) -> Floats:
        """`[L]` log2 of each length over the shortest."""
        return np.log2(self.lengths / self.lengths[0])


def complete(results: pd.DataFrame, columns: Iterable[str] = RESULT_COLUMNS) -> pd.DataFrame:
    """`results` with these columns of the schema, by default all, and its factors; one row a method and trial.

    A trial is known by its settings, and methods of two names that have the same settings have it both. Columns that
    are absent are missing values; without a `purpose` all rows are for reporting.

    Raises:
        UsageError: a column is absent that nothing can be said without.
    """
    absent = [name for name in REQUIRED if name not in results.columns]
    if absent and len(results):
        raise UsageError(f"the results lack the column(s) {', '.join(absent)}; load them with seqbench.load_results")
    whole = results.reindex(columns=[*columns, *factor_columns(results)])
    whole["purpose"] = whole["purpose"].astype("str").where(whole["purpose"].notna(), "reporting")
    whole["outcome"] = whole["outcome"].astype("str").where(whole["outcome"].notna(), None)
    for name in ("method", "task"):
        whole[name] = whole[name].astype(str)
    for name in ("learning_rate", "accuracy", "loss", "solved_at", "diverged_at", "budget", "evaluate_every", "steps"):
        whole[name] = pd.to_numeric(whole[name]).astype(float)
    return rows_where(whole, ~whole.duplicated(["method", "trial"])) if whole["trial"].notna().all() else whole


def with_rates_apart(results: pd.DataFrame) -> pd.DataFrame:
    """`results` in which a method that was run at several learning rates with the same seed is as many methods.

    Choosing the best of them afterwards would report the luck of the choice. Tuning trials keep their method.
    """
    reporting = with_purpose(results, "reporting")
    several = reporting.loc[reporting.duplicated(["method", "task", "length", "seed"], keep=False), "method"].unique()
    if not len(several):
        return results
    own = results["method"].isin(several) & (results["purpose"] == "reporting")
    rates = pd.to_numeric(results["learning_rate"]).map("{:g}".format)
    named = results["method"].astype(str) + " at learning rate " + rates.astype(str)
    return results.assign(method=results["method"].mask(own, named))


def reporting_rows(results: pd.DataFrame) -> pd.DataFrame:
    """The rows that are compared, one a method, task, length and seed (`with_rates_apart`).

    Raises:
        UsageError: two trials of one method, task, length, seed and learning rate.
    """
    rows = with_purpose(results, "reporting")
    again = rows[rows.duplicated(["method", "task", "length", "seed", "learning_rate"])]
    if len(again):
        first = again.iloc[0]
        raise UsageError(
            f"{len(again)} trials repeat a method, task, length and seed, first {first['method']!r} on "
            f"{first['task']!r} at length {first['length']}, seed {first['seed']}; give their methods different names"
        )
    return with_rates_apart(rows)


def solved_column(rows: pd.DataFrame, tau: float | None) -> pd.Series:
    """1 solved, 0 not, NaN missing. With `tau`, tasks judged by accuracy are judged again at that threshold."""
    solved = (rows["outcome"] == "solved").astype(float)
    if tau is not None:
        by_accuracy = ~rows["solved_metric"].isin(JUDGED_OTHERWISE) & rows["accuracy"].notna()
        solved = solved.mask(by_accuracy, (rows["accuracy"] >= tau).astype(float))
    return solved.where(is_finished(rows))


def accuracy_column(rows: pd.DataFrame) -> pd.Series:
    """Test accuracy, NaN missing. A diverged network answers nothing and counts as 0: to drop it would reward it."""
    return rows["accuracy"].mask(rows["outcome"] == "diverged", 0.0).where(is_finished(rows))


def reference_level(levels: pd.Series, declared: str | None) -> str | None:
    """The level that means "without the remedy": the declared one, else one that is named so, else None."""
    found = sorted(levels.unique())
    if declared is not None:
        return declared if declared in found else None
    return next((level for name in WITHOUT for level in found if level.lower() == name), None)


def method_levels(rows: pd.DataFrame) -> pd.DataFrame:
    """The level of each factor as text, one row a method (the index), only the factors whose level varies.

    A method without a level of every factor is outside of the factorial, as those that a grid lists beside its factors
    are: it has no row. A method whose trials differ in level has a row for each combination.
    """
    names = [name for name in factor_columns(rows) if rows[name].notna().any()]
    known = rows[["method", *names]].drop_duplicates().dropna(subset=names)
    levels = known.astype(object).map(str).drop_duplicates().set_index("method")
    return levels.loc[:, levels.nunique() > 1]


def find_baseline(rows: pd.DataFrame, declared: Declared) -> str | None:
    """The method without remedies: declared, or with all factors at their reference, or by its name; None: none."""
    methods = sorted(rows["method"].unique())
    if declared.baseline is not None:
        return declared.baseline if declared.baseline in methods else None
    levels = method_levels(rows)
    references = {name: reference_level(levels[name], declared.references.get(str(name))) for name in levels}
    if references and None not in references.values():
        found = levels.index[(levels == pd.Series(references)).all(axis=1)].unique()
        if len(found) == 1:
            return str(found[0])
    return next((name for word in BASELINES for name in methods if name.lower() == word), None)


def trained_alike(rows: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """The rows at lengths at which every seed of a method is trained: what may be averaged over seeds.

    On a list of lengths these are all. A search trains long lengths with those seeds alone that solved shorter ones,
    and their mean would be that of the best.
    """
    if not declared.searched:
        return rows
    seeds = rows.groupby("task")["seed"].transform("nunique")
    trained = rows.groupby(["task", "method", "length"])["seed"].transform("size")
    return rows_where(rows, (trained == seeds) | ~rows["task"].isin(list(declared.searched)))


def task_arrays(
    rows: pd.DataFrame,
    declared: Declared = Declared(),  # noqa: B008 (frozen)
    planned: Iterable[int] = (),
) -> TaskArrays:
    """The rows of one task as arrays. Methods, seeds and lengths stand in sorted order.

    planned: lengths that belong to the task although no row may have them yet
    """
    methods, seeds = (sorted(rows[name].unique()) for name in ("method", "seed"))
    lengths, task = sorted({*rows["length"].unique(), *planned}), str(rows["task"].iloc[0])
    spread = partial(_spread, rows, (methods, seeds, lengths))
    solve_step = rows["solved_at"].fillna(rows["budget"]).clip(upper=rows["budget"]).where(is_finished(rows))
    grid = declared.searched.get(task, tuple(map(int, lengths)))
    return TaskArrays(
        task=task,
        methods=tuple(methods),
        seeds=tuple(int(seed) for seed in seeds),
        lengths=np.asarray(lengths, float),
        solved=spread(solved_column(rows, declared.tau)),
        accuracy=spread(accuracy_column(rows)),
        solve_step=spread(solve_step),
        solved_in_time=spread(rows["solved_at"] <= rows["budget"]) == 1,
        budgets=np.asarray(np.fmax.reduce(spread(rows["budget"]), axis=1)),
        baseline=find_baseline(rows, declared),
        grid=grid,
        grids=tuple(_own_grid(rows_where(rows, rows["method"] == name), declared, grid, planned) for name in methods),
        searched=task in declared.searched,
    )


def _own_grid(own: pd.DataFrame, declared: Declared, grid: tuple[int, ...], planned: Iterable[int]) -> tuple[int, ...]:
    """The lengths of a task's grid at which the method of the rows `own` can be trained."""
    method, task = own[["method", "task"]].iloc[0]
    if declared.impossible is not None:
        left_out = set(declared.impossible.get(task, {}).get(method, ()))
    else:
        left_out = set() if task in declared.searched else {*grid} - {*own["length"], *planned}
    return tuple(length for length in grid if length not in left_out) or grid


def judged_otherwise(arrays: TaskArrays, rows: pd.DataFrame, solved: pd.Series) -> TaskArrays:
    """The same trials with other answers to whether they solved the task.

    Args:
        arrays: those of `rows`.
        rows: of one task.
        solved: 1 solved, 0 not, NaN missing, row by row.
    """
    return replace(arrays, solved=_spread(rows, (arrays.methods, arrays.seeds, arrays.lengths), solved))


def _spread(rows: pd.DataFrame, axes: Sequence[Sequence[Any] | Floats], column: pd.Series) -> Floats:
    """A column of `rows` as `[M, S, L]`, NaN where there is no row."""
    cube = np.full(tuple(map(len, axes)), np.nan)
    names = ("method", "seed", "length")
    places = tuple(pd.Index(axis).get_indexer(rows[name]) for name, axis in zip(names, axes, strict=True))
    cube[places] = column.to_numpy(float)
    return cube


def arrays_by_task(rows: pd.DataFrame, declared: Declared = Declared()) -> Iterator[TaskArrays]:  # noqa: B008 (frozen)
    """The arrays of each task, in order of name."""
    for task in sorted(rows["task"].unique()):
        yield task_arrays(rows_where(rows, rows["task"] == task), declared)
