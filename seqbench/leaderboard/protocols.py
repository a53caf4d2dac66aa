"""What must agree for results of two folders to stand in one table, and in words where it does not.

A protocol is all that decides what a horizon means, whatever the method: the task with its settings, when it counts as
solved, the lengths at which it was looked for and those of the training sequences, the steps, batch, optimizer and
learning-rate schedule of training (where a grid lets methods differ in it, all of theirs), the budget of tuning, how
often it was evaluated and on how many sequences tested, and the version of seqbench. The size of a model and the seeds
are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from seqbench.components import catalogue
from seqbench.errors import GridError
from seqbench.grid.document import document_of
from seqbench.grid.named import STARTS, Found, named_components
from seqbench.grid.reference import Reference
from seqbench.leaderboard.sources import Source
from seqbench.plan.search import widest_step
from seqbench.report.columns import criterion_text
from seqbench.report.table import number
from seqbench.schema import with_purpose
from seqbench.store.plan_file import PlanFile


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
        "training lengths": _training_lengths(evidence.declared.training_lengths, evidence.methods),
        "training steps": _span(*budget),
        "batch": _values(reporting["batch_size"]),
        "optimizer": _values(reporting["optimizer"]),
        "schedule": _schedules(evidence.plan),
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
    named = [reference for _, family, reference in _components(grid_text) if family == "tasks"]
    names = [reference.name for reference in named]
    return {_label(reference, several=names.count(reference.name) > 1): reference for reference in named}


def _components(grid_text: str) -> Found:
    """What a grid's text names; nothing where no version of seqbench writes such a text: labels alone must do."""
    try:
        yield from named_components(document_of(grid_text, file="grid").data)
    except GridError:
        return


def _schedules(plan: PlanFile) -> str:
    """The grid's learning-rate schedule and those of its methods and levels, with settings that are not defaults."""
    own = plan.training.get("schedule", {})
    start = Reference(own.get("name", STARTS["schedule"]), own.get("settings"))
    further = [
        found.over(start) for place, family, found in _components(plan.grid_text)
        if family == "schedules" and place != ("training", "schedule")
    ]  # fmt: skip
    titles = (_with_settings(one.name, dict(sorted(_special("schedules", one).items()))) for one in (start, *further))
    return ", ".join(sorted(set(titles)))


def _training_lengths(words: str, methods: Iterable[str]) -> str:
    """At which lengths batches were drawn, from what a report says of it, whichever methods they were drawn for."""
    rules = words.split("; ") if words else ["as tested"]
    names = (*methods, "the others")
    bare = (next((rule[len(name) + 2 :] for name in names if rule.startswith(f"{name}: ")), rule) for rule in rules)
    return "; ".join(sorted(set(bare)))


def _label(reference: Reference, *, several: bool) -> str:
    return _named(reference, dict(reference.settings or {})) if several else reference.name


def _title(reference: Reference) -> str:
    """The task with those of its settings that are not defaults."""
    return _named(reference, _special("tasks", reference))


def _named(reference: Reference, settings: Mapping[str, Any]) -> str:
    """A task with settings, in the order of its arguments and without its length, which comes first."""
    known = list(_known("tasks", reference)) or ["length", *settings]
    return _with_settings(reference.name, {name: settings[name] for name in known[1:] if name in settings})


def _with_settings(name: str, settings: Mapping[str, Any]) -> str:
    """`delayed_recall (symbols 4)`."""
    special = ", ".join(f"{setting} {value}" for setting, value in settings.items())
    return f"{name} ({special})" if special else name


def _special(family: str, reference: Reference) -> dict[str, Any]:
    """The settings that are not defaults."""
    known = _known(family, reference)
    return {
        name: value for name, value in (reference.settings or {}).items()
        if name not in known or known[name].default != (tuple(value) if isinstance(value, list) else value)
    }  # fmt: skip


def _known(family: str, reference: Reference) -> Mapping[str, catalogue.Setting]:
    """The settings of a shipped component; none of a user's own, whose code is not imported for this."""
    if ":" in reference.name:
        return {}
    try:
        return catalogue.settings(family, reference.name)
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
