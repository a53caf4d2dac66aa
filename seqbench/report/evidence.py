"""What a report is made of: the tables of a results folder, its plan, and the statistics of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import pandas as pd

from seqbench.palette import Style, styles
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS
from seqbench.stats.blocks import method_levels, with_rates_apart
from seqbench.stats.compare import Comparison, compare
from seqbench.stats.preregistration import Declared
from seqbench.traces import Remedy, Trace


class Evidence:
    """Everything the report shows, read once and never changed.

    results: one row per planned trial; an unfinished one has no outcome (columns: `store.schema.RESULT_COLUMNS`)
    curves, probes: one row per evaluation, one row per measured distance
    plan: what the grid declared before it ran
    failures: traceback by trial, of those that crashed
    comparison: the statistics of the finished trials
    """

    def __init__(
        self,
        results: pd.DataFrame,
        curves: pd.DataFrame | None = None,
        probes: pd.DataFrame | None = None,
        plan: Mapping[str, Any] | None = None,
        failures: Mapping[str, str] | None = None,
    ) -> None:
        """Gather frames that are already in memory; `read` gathers them from a folder."""
        self.results = with_rates_apart(results) if "purpose" in results and "learning_rate" in results else results
        self.curves = pd.DataFrame(columns=list(CURVE_COLUMNS)) if curves is None else curves
        self.probes = pd.DataFrame(columns=list(PROBE_COLUMNS)) if probes is None else probes
        self.plan = dict(plan or {})
        self.failures = dict(failures or {})

    @cached_property
    def declared(self) -> Declared:
        """What was decided before the grid ran."""
        return Declared(**(self.plan.get("declared") or {}))

    @cached_property
    def comparison(self) -> Comparison:
        """What the statistics say about the finished trials."""
        return compare(self.results, self.curves, self.declared)

    @cached_property
    def reporting(self) -> pd.DataFrame:
        """The finished trials that are compared: never those that chose settings."""
        rows = self.results[self.results["outcome"].notna()]
        return rows[rows["purpose"] != "tuning"]

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """The finished trials that chose settings."""
        return self.results[self.results["outcome"].notna() & (self.results["purpose"] == "tuning")]

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Planned trials that have not finished: not started, interrupted or crashed."""
        return self.results[self.results["outcome"].isna()]

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods in the order of the grid."""
        seen: Sequence[str] = list(dict.fromkeys(self.results["method"]))
        planned = [name for name in self.plan.get("methods", ()) if name in seen]
        return tuple(dict.fromkeys([*planned, *seen]))

    @cached_property
    def remedies(self) -> dict[str, tuple[Remedy, ...]]:
        """The remedies of every method, in order."""
        return {
            method: tuple(Remedy(each["name"], tuple(map(Trace, each["traces"]))) for each in own)
            for method, own in (self.plan.get("remedies") or {}).items()
        }

    @cached_property
    def styles(self) -> dict[str, Style]:
        """Colour, marker and dash of every method."""
        return styles(list(dict.fromkeys([*self.plan.get("methods", ()), *self.methods])))

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks in the order of the grid."""
        return tuple(dict.fromkeys(self.results["task"]))

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


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """A file name for a text: letters, digits and dashes, different from those `taken`."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()).strip("-")[:40] or "unnamed"
    while "--" in kept:
        kept = kept.replace("--", "-")
    names, count = set(taken), 1
    name = kept
    while name in names:
        count += 1
        name = f"{kept}-{count}"
    return name
