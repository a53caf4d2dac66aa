"""What a report is made of: the tables of a results folder, its plan, and the statistics of both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property

import pandas as pd

from seqbench.palette import Style, styles
from seqbench.report.slug import slug
from seqbench.schema import finished, is_finished, rows_where, with_purpose
from seqbench.stats.compare import Comparison, compare
from seqbench.stats.costs import costs
from seqbench.stats.preregistration import Declared, declared_in
from seqbench.stats.task_arrays import method_levels, trained_alike, with_rates_apart
from seqbench.store.results import LargeResults, Results

LISTED = 20_000
"""Trials that a page lists, at most: each takes 300 bytes of it."""


class Evidence:
    """Everything the report shows, read once and never changed.

    results: one row per planned trial; see `Results.trials`. A method with several learning rates is several methods
    plan, failures: as in `Results`
    comparison: the statistics of the finished trials
    """

    def __init__(self, results: Results) -> None:
        trials = results.trials
        self.results = with_rates_apart(trials) if "purpose" in trials and "learning_rate" in trials else trials
        self.plan, self.failures = results.plan, results.failures
        self._kept = results

    @property
    def curves(self) -> pd.DataFrame:
        """As in `Results`."""
        return self._kept.curves

    @property
    def probes(self) -> pd.DataFrame:
        """As in `Results`; `by_method` reads those of large results by parts."""
        return self._kept.probes

    @property
    def measured(self) -> tuple[str, ...]:
        """What was measured by probes; see `Results`."""
        return self._kept.measured

    def by_method(
        self,
        table_of: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame],
        rows: pd.DataFrame,
        names: Collection[str],
        *,
        start: bool = False,
    ) -> pd.DataFrame:
        """A table with rows of their own for each method and task, made of `rows` of trials and their measurements.

        Args:
            table_of: makes the table of trials and of measurements; others of the latter may be among them.
            rows: the trials.
            names: the measurements that it looks at.
            start: whether it looks at those from before training alone.
        """
        if not isinstance(self._kept, LargeResults):
            return table_of(rows, self.probes)

        def part_of(own: pd.DataFrame) -> pd.DataFrame:
            return table_of(own, self._kept.measurements(own, names, start=start))

        parts = [part_of(own) for _, own in rows.groupby(["task", "method"], sort=False)] or [part_of(rows)]
        return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)

    @property
    def raw(self) -> dict[str, pd.DataFrame]:
        """The rows behind everything by the name of their table; without those that are too many for a page."""
        small = not isinstance(self._kept, LargeResults)
        return ({"trials": self.results} if self.listed else {}) | (
            {"curves": self.curves, "probes": self.probes} if small else {}
        )

    @property
    def listed(self) -> bool:
        """Whether the page lists every trial."""
        return len(self.results) <= LISTED

    @cached_property
    def declared(self) -> Declared:
        """What was decided before the grid ran."""
        return declared_in(self.plan)

    @cached_property
    def comparison(self) -> Comparison:
        """What the statistics say about the finished trials."""
        return compare(self._kept)

    @cached_property
    def reporting(self) -> pd.DataFrame:
        """The finished trials that are compared: never those that chose settings."""
        return with_purpose(finished(self.results), "reporting")

    @cached_property
    def alike(self) -> pd.DataFrame:
        """Those of them at lengths at which every seed of a method is trained; in a search these are few."""
        return trained_alike(self.reporting, self.declared)

    @cached_property
    def costs(self) -> pd.DataFrame:
        """What each method cost on each task; see `seqbench.stats.costs.costs`. Octaves only where they can differ."""
        found = costs(self.reporting, self.comparison.methods, self.declared)
        return found.assign(octaves=found["octaves"].where(found["task"].isin(self.with_horizons)))

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """The finished trials that chose settings."""
        return with_purpose(finished(self.results), "tuning")

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Planned trials that have not finished: not started, interrupted or crashed."""
        return rows_where(self.results, ~is_finished(self.results))

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods in the order of the grid."""
        seen: Sequence[str] = list(dict.fromkeys(self.results["method"]))
        planned = [name for name in self.plan.methods if name in seen]
        return tuple(dict.fromkeys([*planned, *seen]))

    @cached_property
    def styles(self) -> dict[str, Style]:
        """Colour, marker and dash of every method."""
        return styles(list(dict.fromkeys([*self.plan.methods, *self.methods])))

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks in the order of the grid."""
        return tuple(dict.fromkeys(self.results["task"]))

    @cached_property
    def with_horizons(self) -> tuple[str, ...]:
        """The tasks with more than one length: with a single one every horizon is 0 octaves, whatever was solved."""
        horizons = self.comparison.horizons
        known = set(horizons.loc[horizons["span"].astype(float) > 0, "task"])
        return tuple(task for task in self.tasks if task in known)

    @cached_property
    def file_names(self) -> dict[str, str]:
        """A plain file name for every task, each different."""
        names: dict[str, str] = {}
        for task in self.tasks:
            names[task] = slug(task, names.values())
        return names

    @cached_property
    def levels(self) -> pd.DataFrame:
        """The level of every factor, one row a method of the factorial; those outside of it have no row."""
        levels = method_levels(self.results)
        return levels.loc[:, levels.groupby(level=0).nunique().max() == 1].groupby(level=0, sort=False).first()

    @cached_property
    def factors(self) -> dict[str, tuple[str, ...]]:
        """The levels of every factor by which methods differ."""
        return {str(name): tuple(dict.fromkeys(self.levels[name])) for name in self.levels}

    def place(self, method: str) -> int:
        """The number by which the page knows a method: names never become markup or identifiers."""
        return self.methods.index(method)

    def in_grid_order(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows by task and method in the order of the grid; what they are beside that keeps its order."""
        places = {"task": self.tasks, "method": self.methods}
        keys = [name for name in places if name in rows]
        return rows.sort_values(keys, key=lambda names: names.map(places[str(names.name)].index), kind="stable")

    def lengths(self, task: str) -> list[int]:
        """Dependency lengths of a task, shortest first, in steps."""
        return sorted(int(length) for length in self.results.loc[self.results["task"] == task, "length"].unique())

    def sought(self, task: str) -> tuple[int, ...]:
        """The lengths on which the horizons of a task are sought, shortest first, in steps."""
        return self.declared.searched.get(task, tuple(self.lengths(task)))
