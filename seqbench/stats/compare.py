"""From trials to statements: every table of the comparison, from one frame of results.

Only trials for reporting are compared; those that tuned are described apart. It works on whatever has finished.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from seqbench.errors import UsageError
from seqbench.schema import rows_where
from seqbench.stats import (
    area,
    brackets,
    divergence,
    factorial,
    horizon_means,
    pairwise,
    psychometric,
    shapley,
    steps_to_solve,
    tuning,
)
from seqbench.stats.answers import answers, budget_in_words
from seqbench.stats.counts import counts
from seqbench.stats.critical_difference import critical_ranks, task_scores
from seqbench.stats.methods import methods_table
from seqbench.stats.preregistration import Declared, declared_in
from seqbench.stats.profiles import profiles
from seqbench.stats.ranks import rank_stability
from seqbench.stats.sensitivity import budget_sensitivity, judged_curves, sensitivity
from seqbench.stats.solve_rate import solve_rates
from seqbench.stats.task_arrays import (
    TaskArrays,
    arrays_by_task,
    complete,
    reporting_rows,
    trained_alike,
    with_rates_apart,
)
from seqbench.store.results import Results

_NONE = pd.DataFrame()
_READ = (
    "trial", "method", "task", "length", "seed", "learning_rate", "tuned", "purpose", "outcome", "accuracy",
    "sequence_accuracy", "loss", "validation_accuracy", "validation_loss", "chance", "trivial", "trivial_loss",
    "solved_metric", "solved_threshold", "solved_at", "diverged_at", "diverged_kind", "steps", "budget",
    "evaluate_every", "seconds", "parameters", "batch_size",
)  # fmt: skip
"""Columns of the results that are compared; a grid may have a hundred thousand trials, and the others are as many."""


@dataclass(frozen=True)
class Comparison:
    """Tidy tables; the columns of each are described where it is made, in the module named.

    answers: task, answer (a sentence or two), budget (training steps allowed, in words)
    methods: one row a method and task, the furthest memory first
    solve_rates: by method, task and length
    horizons: by method and task (`horizon_means`)
    brackets: by method, task and seed (`brackets`)
    psychometric, psychometric_curves: by method and task; and by length; of searches (`psychometric`)
    areas: by method and task, of lists of lengths (`area`)
    steps, incidence: by method, task and length; and by step (`steps_to_solve`)
    effects, interactions, missing_combinations: by task and effect; by task and pair of levels (`factorial`)
    shapley: by task, full method and factor
    divergence, divergence_pairs: by method, task, purpose and length; by method and task against the baseline
    pairwise: by pair of methods and task
    profiles, ranks: by method over all tasks
    critical_ranks, critical_pairs: by method and by pair of methods over ten tasks or more (`critical_difference`)
    tuning, tuning_curves, tuning_reach, tuning_budget: by method and task; and by length and setting; and by setting,
        of searches; and by number tried
    sensitivity, budget_sensitivity: by task, method and threshold of "solved"; and by part of the budget
    counts: planned, finished, missing and each outcome, by method, task and purpose
    baselines: the baseline of each task, None where there is none
    """

    declared: Declared
    baselines: dict[str, str | None]
    answers: pd.DataFrame
    methods: pd.DataFrame
    solve_rates: pd.DataFrame
    horizons: pd.DataFrame
    brackets: pd.DataFrame
    psychometric: pd.DataFrame
    psychometric_curves: pd.DataFrame
    areas: pd.DataFrame
    steps: pd.DataFrame
    incidence: pd.DataFrame
    effects: pd.DataFrame
    interactions: pd.DataFrame
    missing_combinations: pd.DataFrame
    shapley: pd.DataFrame
    divergence: pd.DataFrame
    divergence_pairs: pd.DataFrame
    pairwise: pd.DataFrame
    profiles: pd.DataFrame
    ranks: pd.DataFrame
    critical_ranks: pd.DataFrame
    critical_pairs: pd.DataFrame
    tuning: pd.DataFrame
    tuning_curves: pd.DataFrame
    tuning_reach: pd.DataFrame
    tuning_budget: pd.DataFrame
    sensitivity: pd.DataFrame
    budget_sensitivity: pd.DataFrame
    counts: pd.DataFrame


@dataclass(frozen=True)
class _TaskResults:
    """One task's rows, their arrays, the brackets of its seeds, and the design of its factors where it has one."""

    rows: pd.DataFrame
    arrays: TaskArrays
    found: brackets.Brackets
    design: factorial.Design | None


def _tasks(rows: pd.DataFrame, declared: Declared) -> list[_TaskResults]:
    """The reporting rows, task by task."""
    found = []
    for arrays in arrays_by_task(rows, declared):
        own = rows_where(rows, rows["task"] == arrays.task)
        design = factorial.find_design(own, arrays, declared)
        found.append(_TaskResults(own, arrays, brackets.find_brackets(arrays), design))
    return found


def _check_names(rows: pd.DataFrame, declared: Declared) -> None:
    """Refuse a plan that names methods that are not in the results.

    Raises:
        UsageError: the baseline or a method of a declared pair is absent.
    """
    pairs = declared.comparisons if isinstance(declared.comparisons, tuple) else ()
    known = sorted(rows["method"].unique())
    for name in (
        *(() if declared.baseline is None else (declared.baseline,)),
        *(name for pair in pairs for name in pair),
    ):
        if known and name not in known:
            raise UsageError(f"the declared method {name!r} is not among the results; they know {', '.join(known)}")


def _stack(tasks: list[_TaskResults], columns: list[str], make: Callable[[_TaskResults], pd.DataFrame]) -> pd.DataFrame:
    """The tables of the tasks under each other."""
    return _under(list(map(make, tasks)), columns)


def _under(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Tables under each other; empty ones leave no trace in the types of the columns."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def _factor_tables(tasks: list[_TaskResults], declared: Declared) -> dict[str, pd.DataFrame]:
    """What only a factorial grid has."""

    def stack(
        columns: list[str], make: Callable[[TaskArrays, factorial.Design, Declared], pd.DataFrame]
    ) -> pd.DataFrame:
        return _stack(tasks, columns, lambda task: make(task.arrays, task.design, declared) if task.design else _NONE)

    return {
        "effects": stack(factorial.COLUMNS, factorial.effects),
        "interactions": stack(factorial.INTERACTION_COLUMNS, factorial.interactions),
        "shapley": stack(shapley.COLUMNS, shapley.shapley),
        "missing_combinations": stack(factorial.MISSING_COLUMNS, factorial.missing_combinations),
    }


def _search_tables(tasks: list[_TaskResults], alpha: float) -> dict[str, pd.DataFrame]:
    """What only a search needs: shares of seeds by length would count those alone that got there."""
    fits = [psychometric.psychometric(task.arrays, task.found, alpha) for task in tasks if task.arrays.searched]
    return {
        "psychometric": _under([fit for fit, _ in fits], psychometric.COLUMNS),
        "psychometric_curves": _under([curves for _, curves in fits], psychometric.CURVE_COLUMNS),
    }


def _tuning_tables(results: pd.DataFrame, declared: Declared) -> dict[str, pd.DataFrame]:
    """How settings were chosen."""
    tried = tuning.tuning_curves(results, declared)
    return {
        "tuning": tuning.tuning(results, declared),
        "tuning_curves": tried,
        "tuning_reach": tuning.tuning_reach(results, declared),
        "tuning_budget": tuning.tuning_budget(tried, declared),
    }


def _method_tables(rows: pd.DataFrame, tasks: list[_TaskResults], declared: Declared) -> dict[str, pd.DataFrame]:
    """What is said of every method of every task."""
    alpha, alike = declared.alpha, trained_alike(rows, declared)
    even = tasks if len(alike) == len(rows) else _tasks(alike, declared)
    listed = [task for task in tasks if not task.arrays.searched]
    rates = solve_rates(alike, declared)
    far = _stack(tasks, horizon_means.COLUMNS, lambda task: horizon_means.horizon_means(task.found, alpha))
    table = methods_table(rows, rates, far)
    steps = _stack(
        even, steps_to_solve.COLUMNS, lambda task: steps_to_solve.steps_to_solve(task.rows, task.arrays, declared)
    )
    mean_ranks, pairs_over_tasks = critical_ranks(task_scores(table), alpha)
    return {
        "methods": table,
        "solve_rates": rates,
        "horizons": far,
        "brackets": _stack(tasks, brackets.COLUMNS, lambda task: brackets.bracket_table(task.found)),
        "areas": _stack(listed, area.COLUMNS, lambda task: area.areas(task.arrays, declared)),
        "steps": steps,
        "incidence": steps_to_solve.incidence(alike),
        "pairwise": _stack(tasks, pairwise.COLUMNS, lambda task: pairwise.pairwise(task.rows, task.arrays, declared)),
        "divergence_pairs": _stack(
            even,
            divergence.PAIR_COLUMNS,
            lambda task: divergence.divergence_pairs(task.rows, task.arrays.baseline, alpha),
        ),
        "profiles": profiles(steps[~steps["task"].isin(list(declared.searched))]),
        "ranks": rank_stability(table),
        "critical_ranks": mean_ranks,
        "critical_pairs": pairs_over_tasks,
    }


def compare(
    results: Results | pd.DataFrame,
    curves: pd.DataFrame | None = None,
    declared: Declared = Declared(),  # noqa: B008 (frozen)
) -> Comparison:
    """Compare the methods of a grid.

    results: what `seqbench.run` and `seqbench.load` return, then the rest is known from them; or one row a trial, as
        `seqbench.load_results` returns it, where a missing `outcome` is a trial not finished
    curves: one row an evaluation, as `seqbench.load_curves` returns it; without it `sensitivity` has no steps
    declared: what was decided beforehand

    Raises:
        UsageError: a needed column is absent, two trials claim the same method, task, length and seed, or `declared`
            names a method that is not in the results.
    """
    if isinstance(results, Results):
        # Its grid was checked when it was read, and a method that is still tuned has no rows to compare yet.
        whole = complete(with_rates_apart(results.trials), _READ)
        return _compared(whole, reporting_rows(whole), judged_curves(results), declared_in(results.plan))
    whole = complete(results, _READ)
    rows = reporting_rows(whole)
    _check_names(rows, declared)
    return _compared(whole, rows, curves, declared)


def _compared(whole: pd.DataFrame, rows: pd.DataFrame, curves: pd.DataFrame | None, declared: Declared) -> Comparison:
    """Compare the reporting `rows` of the `whole` table of trials."""
    tasks = _tasks(rows, declared)
    baselines = {task.arrays.task: task.arrays.baseline for task in tasks}
    awaited = {task: name or declared.baseline for task, name in baselines.items()}
    budgets = {task.arrays.task: budget_in_words(task.arrays.budgets) for task in tasks}
    tables = {**_method_tables(rows, tasks, declared), **_factor_tables(tasks, declared)}
    return Comparison(
        declared=declared,
        baselines=baselines,
        answers=answers(tables, awaited, budgets, declared.alpha),
        divergence=divergence.divergence(whole, declared.alpha),
        sensitivity=sensitivity(rows, curves, declared),
        budget_sensitivity=budget_sensitivity(rows, declared),
        counts=counts(whole),
        **tables,
        **_search_tables(tasks, declared.alpha),
        **_tuning_tables(whole, declared),
    )
