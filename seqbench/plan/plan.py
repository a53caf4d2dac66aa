"""From a grid to its trials, in groups that share a compiled program. Nothing is trained or compiled.

With `tuning`, a method's reporting trials on a task appear once all of its tuning trials on that task have finished
and a setting has been chosen from them; until then they wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from seqbench.errors import GridError
from seqbench.grid.spec import Grid
from seqbench.plan.estimate import SECONDS_PER_COMPILATION, Estimate, machine_bytes
from seqbench.plan.expand import Method, expand_methods, method_bound, require_method
from seqbench.plan.feasibility import Examiner, Impossible, located
from seqbench.plan.horizon import SeedSearch, ToCome
from seqbench.plan.selection import KnownResults
from seqbench.plan.series import Series, examine_series, series_trials
from seqbench.plan.task_series import TaskSeries, expand_tasks
from seqbench.plan.trial import Choice, Trial
from seqbench.plan.tuning import search

if TYPE_CHECKING:  # pandas takes a second to import, and a plan of a fresh grid needs none of it
    import pandas as pd

MAX_TRIALS = 1_000_000


@dataclass(frozen=True)
class Group:
    """The trials that share the program that differentiates their model."""

    key: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Plan:
    """What a grid will run.

    trials: tuning trials, and the reporting trials whose setting is known
    waiting: how many reporting trials wait for tuning to finish
    choices: the settings that tuning has chosen so far
    budget: settings tried for each method and task that is tuned; 0 without tuning
    searches: how far each search for the horizon got; empty where lengths are listed
    to_come: the trials that searches will ask for once those of this plan are in
    memory: bytes of a worker at the largest trial that may be asked for
    """

    grid: Grid
    methods: tuple[Method, ...]
    trials: tuple[Trial, ...]
    groups: tuple[Group, ...]
    incompatible: tuple[Impossible, ...]
    waiting: int = 0
    choices: tuple[Choice, ...] = field(default=())
    budget: int = 0
    searches: tuple[SeedSearch, ...] = ()
    to_come: ToCome = ToCome()  # noqa: RUF009 (immutable)
    memory: int = 0

    def estimate(self, workers: int = 1) -> Estimate:
        """Time and memory of this plan from nothing, within a factor of about two; waiting trials are counted."""
        seconds = sum(trial.configuration.seconds for trial in self.trials)
        largest = max((trial.configuration.bytes for trial in self.trials), default=0)
        seconds = seconds * (1 + self.waiting / max(len(self.trials), 1)) + self.to_come.seconds
        compilations = len(self.groups)
        total = (seconds + SECONDS_PER_COMPILATION * compilations) / workers
        return Estimate(compilations, total, max(largest, self.memory), workers)

    @property
    def steps(self) -> tuple[int, int]:
        """The fewest and the most training steps that a trial of this plan may take; zeros without trials."""
        budgets = {trial.configuration.fixed["training"]["steps"] for trial in self.trials}
        return min(budgets, default=0), max(budgets, default=0)

    def describe(self, workers: int = 1) -> dict[str, Any]:
        """The plan as values that JSON can hold."""
        estimate = self.estimate(workers)
        return {
            "grid": self.grid.name,
            "question": self.grid.question,
            "methods": [method.name for method in self.methods],
            "trials": len(self.trials),
            "training_steps": list(self.steps),
            "waiting": self.waiting,
            "settings_tried": self.budget,
            **({"to_come": asdict(self.to_come)} if self.searches else {}),
            "groups": len(self.groups),
            "compilations": estimate.compilations,
            "incompatible": [{**reason._asdict(), "lengths": list(reason.lengths)} for reason in self.incompatible],
            "chosen": [choice._asdict() for choice in self.choices],
            "estimate": estimate._asdict(),
        }


def plan(grid: Grid, finished: pd.DataFrame | None = None, *, max_trials: int = MAX_TRIALS) -> Plan:
    """Expand a grid into trials.

    Args:
        grid: the grid.
        finished: the results so far, from which settings are chosen; see `choose`.
        max_trials: refuse more trials than this, before any is made.

    Raises:
        GridError: too many trials, methods that cannot be told apart, or tuning that makes no sense.
    """
    tasks = expand_tasks(grid)
    _require_within(grid, tasks, max_trials, tried=grid.tuning.budget or 1 if grid.tuning else 0)
    methods = expand_methods(grid)
    require_method(grid, methods)
    searched = search(grid, methods)
    _require_within(grid, tasks, max_trials, tried=searched.budget)
    examiner, seen = Examiner(grid.match_parameters), KnownResults(finished)
    with located(grid):
        met = [examine_series(grid, method, task, searched, examiner) for method in methods for task in tasks]
    made = [series_trials(grid, series, seen) for series in met]
    trials = tuple(trial for asked in made for trial in asked.trials)
    return Plan(
        grid,
        methods,
        trials=trials,
        groups=_groups(trials),
        incompatible=examiner.impossible,
        waiting=sum(
            len(series.configurations[0]) * len(grid.seeds)
            for series, asked in zip(met, made, strict=True)
            if not asked.choice and not series.task.searched
        ),
        choices=tuple(asked.choice for series, asked in zip(met, made, strict=True) if asked.choice and series.tuned),
        budget=searched.budget,
        searches=tuple(search for asked in made for search in asked.searches),
        to_come=sum((asked.to_come for asked in made), ToCome()),
        memory=max((_largest(grid, series) for series in met if series.task.searched), default=0),
    )


def _largest(grid: Grid, series: Series) -> int:
    """Bytes of a worker at the longest length that a search may ask for.

    Raises:
        GridError: this machine does not have them.
    """
    needed = 0
    for program in (programs[-1] for programs in series.configurations if programs):
        needed = program.bytes
        if needed > machine_bytes():
            problem = (
                f"{series.method.name} on {series.task.label} at length {program.length:,} needs about "
                f"{needed / 2**30:,.0f} GiB a worker, and this machine has {machine_bytes() / 2**30:,.0f}; search up "
                "to a shorter length, or train smaller batches"
            )
            raise grid.document.error(("lengths", "to"), problem)
    return needed


def _groups(trials: Iterable[Trial]) -> tuple[Group, ...]:
    """The trials by compiled program, in the order in which programs first occur."""
    members: dict[str, list[Trial]] = {}
    for trial in trials:
        members.setdefault(trial.configuration.key, []).append(trial)
    return tuple(Group(key, tuple(own)) for key, own in members.items())


def _require_within(grid: Grid, tasks: Sequence[TaskSeries], max_trials: int, *, tried: int) -> None:
    """Refuse a grid of too many trials by arithmetic alone; `tried` settings for each method and task."""
    tuned = len(grid.tuning.seeds) * tried if grid.tuning else 0
    count = method_bound(grid) * sum(len(task.lengths) for task in tasks) * (len(grid.seeds) + tuned)
    if count > max_trials:
        years = count / (365.25 * 24 * 3600)
        span = f"{years:,.0f} years at a second each" if years >= 1 else f"{count / 86400:,.0f} days at a second each"
        raise GridError(
            f"{grid.document.file}: this is {count:,} trials ({span}). The limit is {max_trials:,}; "
            "leave something out, or see --max-trials"
        )
