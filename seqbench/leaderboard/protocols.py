"""What must agree for results of two folders to stand in one table, and in words where it does not.

A protocol is all that decides what a horizon means, whatever the method: the task with its settings, when it counts as
solved, the lengths at which it was looked for, the steps, batch and optimizer of training (where a grid lets methods
differ in it, all of theirs), the budget of tuning, how often it was evaluated and on how many sequences tested, and the
version of seqbench. The size of a model and the seeds are no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from seqbench.components import catalogue
from seqbench.errors import GridError
from seqbench.grid.document import document_of
from seqbench.grid.named import named_components
from seqbench.grid.reference import Reference
from seqbench.leaderboard.sources import Source
from seqbench.plan.search import widest_step
from seqbench.report.columns import criterion_text
from seqbench.report.table import number
from seqbench.schema import with_purpose


@dataclass(frozen=True)
class Protocol:
    """The protocol under which a source looked for horizons on a task, every part in words.

    task: the task with those of its settings that are not defaults, such as `delayed_recall (symbols 4)`
    parts: what must agree, by its name, in the order in which it is read
    budget: training steps, the least and the most where they depend on the length
    searched: whether lengths were searched; otherwise every seed was trained at each length of a list
    """

    task: str
    parts: tuple[tuple[str, str], ...]
    budget: tuple[int, int]
    searched: bool

    @property
    def budget_text(self) -> str:
        """`1,000 steps`, or from the least to the most."""
        return f"{_span(*self.budget)} steps"

    @property
    def text(self) -> str:
        """All parts in one sentence."""
        return "; ".join(f"{name} {value}" if name else value for name, value in self.parts)


def difference(own: Protocol, other: Protocol) -> str:
    """Why results under `own` cannot stand beside those under `other`, in words; empty if they can."""
    theirs = dict(other.parts)
    return "; ".join(
        f"{name}: {value} instead of {theirs.get(name, 'none')}"
        for name, value in own.parts
        if theirs.get(name) != value
    )


def protocol_of(source: Source, task: str) -> Protocol:
    """The protocol of a source on one of its tasks, by the task's label there."""
    evidence = source.evidence
    rows = evidence.results[evidence.results["task"] == task]
    reporting = evidence.reporting[evidence.reporting["task"] == task]
    reference = task_references(evidence.plan.grid_text).get(task, Reference(task.partition(" (")[0]))
    budget = int(reporting["budget"].min()), int(reporting["budget"].max())
    parts = {
        "solved": _criterion(reporting, evidence.declared.tau),
        "lengths": _lengths(evidence.sought(task), searched=task in evidence.declared.searched),
        "training steps": _span(*budget),
        "batch": _values(reporting["batch_size"]),
        "optimizer": _values(reporting["optimizer"]),
        "tuning": _tuning(rows, reporting),
        "evaluated every": _values(reporting["evaluate_every"]) + " steps",
        "test sequences": number(evidence.plan.training.get("test_sequences")),
        "seqbench": str(evidence.plan.versions.get("seqbench", "unknown")),
    }
    return Protocol(_title(reference), tuple(parts.items()), budget, task in evidence.declared.searched)


def task_references(grid_text: str) -> Mapping[str, Reference]:
    """How a grid's text names its tasks, by their labels; nothing of it is imported or executed.

    Labels are those of `seqbench.plan.task_series`: a task named more than once carries its own settings.
    """
    try:
        data = document_of(grid_text, file="grid").data
    except GridError:  # a text that no version of seqbench writes: labels alone must do
        return {}
    named = [reference for _, family, reference in named_components(data) if family == "tasks"]
    names = [reference.name for reference in named]
    return {_label(reference, several=names.count(reference.name) > 1): reference for reference in named}


def _label(reference: Reference, *, several: bool) -> str:
    return _named(reference, dict(reference.settings or {})) if several else reference.name


def _title(reference: Reference) -> str:
    """The task with those of its settings that are not defaults."""
    defaults = {name: setting.default for name, setting in _known(reference).items()}
    return _named(
        reference, {name: value for name, value in (reference.settings or {}).items() if defaults.get(name) != value}
    )


def _named(reference: Reference, settings: Mapping[str, Any]) -> str:
    """A task with settings, in the order of its arguments and without its length, which comes first."""
    known = list(_known(reference)) or ["length", *settings]
    special = ", ".join(f"{name} {settings[name]}" for name in known[1:] if name in settings)
    return f"{reference.name} ({special})" if special else reference.name


def _known(reference: Reference) -> Mapping[str, catalogue.Setting]:
    """The settings of a shipped task; none of a user's own, whose code is not imported for this."""
    if ":" in reference.name:
        return {}
    try:
        return catalogue.settings("tasks", reference.name)
    except catalogue.ComponentError:  # of another version of seqbench
        return {}


def _criterion(rows: pd.DataFrame, tau: float | None) -> str:
    """`accuracy ≥ 0.95`."""
    if tau is not None:
        return f"accuracy ≥ {tau:g}"
    kinds = rows[["solved_metric", "solved_threshold"]].drop_duplicates().sort_values("solved_threshold")
    return ", ".join(criterion_text(row.solved_metric, row.solved_threshold) for row in kinds.itertuples())


def _lengths(sought: tuple[int, ...] | list[int], *, searched: bool) -> str:
    """`searched from 10 to 2,000, neighbours at most 1.15 times apart`, or a list."""
    if not searched:
        return ", ".join(f"{length:,}" for length in sought)
    return f"searched from {sought[0]:,} to {sought[-1]:,}, neighbours at most {widest_step(sought):.3g} times apart"


def _tuning(rows: pd.DataFrame, reporting: pd.DataFrame) -> str:
    """How many settings were tried for each method on how many seeds, or the learning rate that all have."""
    tried = with_purpose(rows, "tuning")
    if len(tried):
        settings = tried.groupby("method")[["learning_rate", "tuned"]].apply(lambda own: len(own.drop_duplicates()))
        return f"{_span(int(settings.min()), int(settings.max()))} settings on {tried['seed'].nunique()} seeds"
    return f"none (learning rate {_values(reporting['learning_rate'])})"


def _span(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _values(column: pd.Series) -> str:
    """The values of a column, each once."""
    return ", ".join(number(value) for value in sorted(column.dropna().unique()))
