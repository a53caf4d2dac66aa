"""From a grid to its trials, in groups that share a compiled program. Nothing is trained or compiled.

With `tuning`, a method's reporting trials on a task appear once all of its tuning trials on that task have finished
and a learning rate has been chosen from them; until then they wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from seqbench.errors import GridError
from seqbench.grid.catalogue import Component
from seqbench.grid.estimate import SECONDS_PER_COMPILATION, Estimate, trial_bytes, trial_seconds
from seqbench.grid.examine import Examiner, Impossible, Program
from seqbench.grid.expand import Method, TaskSeries, expand_methods, expand_tasks, method_bound, require_method
from seqbench.grid.identity import trial_ids
from seqbench.grid.selection import choose_rate
from seqbench.grid.spec import Grid

if TYPE_CHECKING:  # pandas takes a second to import, and a plan of a fresh grid needs none of it
    import pandas as pd

MAX_TRIALS = 1_000_000

Purpose = Literal["tuning", "reporting"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on one task at one length with one learning rate and one seed.

    id: hash of `settings`
    method, factors, task_label: names, no part of the identity
    task: with its dependency length among the settings
    fixed: the settings shared by all trials that differ only in seed and learning rate
    """

    id: str
    method: str
    factors: dict[str, str]
    task: Component
    task_label: str
    length: int
    seed: int
    learning_rate: float
    purpose: Purpose
    fixed: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """The complete resolved settings: what `assemble` takes and what the identity is the hash of."""
        return {**self.fixed, "seed": self.seed, "learning_rate": self.learning_rate}


@dataclass(frozen=True)
class Group:
    """The trials that share one compiled program, which `program` sizes up."""

    key: str
    trials: tuple[Trial, ...]
    program: Program


class Choice(NamedTuple):
    """The learning rate that tuning chose for a method on a task."""

    method: str
    task: str
    learning_rate: float


@dataclass(frozen=True)
class Plan:
    """What a grid will run.

    trials: tuning trials, and the reporting trials whose learning rate is known
    waiting: how many reporting trials wait for tuning to finish
    choices: the learning rates that tuning has chosen so far
    """

    grid: Grid
    methods: tuple[Method, ...]
    trials: tuple[Trial, ...]
    groups: tuple[Group, ...]
    incompatible: tuple[Impossible, ...]
    waiting: int = 0
    choices: tuple[Choice, ...] = field(default=())

    def estimate(self, workers: int = 1) -> Estimate:
        """Time and memory of this plan from nothing, within a factor of about two; waiting trials are counted."""
        seconds, largest = 0.0, 0
        for group in self.groups:
            steps, training = group.program.steps, group.trials[0].fixed["training"]
            seconds += len(group.trials) * trial_seconds(group.program.size, steps, training)
            largest = max(largest, trial_bytes(group.program.size, steps, training))
        seconds *= 1 + self.waiting / max(len(self.trials), 1)
        compilations = len(self.groups)
        total = (seconds + SECONDS_PER_COMPILATION * compilations) / workers
        return Estimate(compilations, total, largest, workers)

    def describe(self, workers: int = 1) -> dict[str, Any]:
        """The plan as values that JSON can hold."""
        estimate = self.estimate(workers)
        return {
            "grid": self.grid.name,
            "question": self.grid.question,
            "methods": [method.name for method in self.methods],
            "trials": len(self.trials),
            "waiting": self.waiting,
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
        finished: the results so far, from which tuned learning rates are chosen; see `choose_rate`.
        max_trials: refuse more trials than this, before any is made.

    Raises:
        GridError: too many trials, or methods that cannot be told apart.
    """
    tasks = expand_tasks(grid)
    _require_within(grid, tasks, max_trials)
    methods = expand_methods(grid)
    require_method(grid, methods)
    examiner = Examiner(grid.match_parameters)
    trials: list[Trial] = []
    members: dict[str, list[Trial]] = {}
    programs: dict[str, Program] = {}
    choices, waiting = [], 0
    for method in methods:
        for task in tasks:
            series = [program for length in task.lengths if (program := examiner.examine(method, task, length))]
            made, choice = _series_trials(grid, method, task, series, finished)
            waiting += 0 if choice or not grid.tuning else len(series) * len(grid.seeds)
            choices += [choice] if choice and grid.tuning else []
            for program, trial in made:
                trials.append(trial)
                members.setdefault(program.key, []).append(trial)
                programs.setdefault(program.key, program)
    groups = tuple(Group(key, tuple(own), programs[key]) for key, own in members.items())
    return Plan(grid, methods, tuple(trials), groups, examiner.impossible, waiting, tuple(choices))


def _require_within(grid: Grid, tasks: Sequence[TaskSeries], max_trials: int) -> None:
    """Refuse a grid of too many trials by arithmetic alone."""
    tuned = len(grid.tuning.seeds) * len(grid.tuning.learning_rate) if grid.tuning else 0
    count = method_bound(grid) * sum(len(task.lengths) for task in tasks) * (len(grid.seeds) + tuned)
    if count > max_trials:
        years = count / (365.25 * 24 * 3600)
        span = f"{years:,.0f} years at a second each" if years >= 1 else f"{count / 86400:,.0f} days at a second each"
        raise GridError(
            f"{grid.document.file}: this is {count:,} trials ({span}). The limit is {max_trials:,}; "
            "leave something out, or see --max-trials"
        )


def _series_trials(
    grid: Grid, method: Method, task: TaskSeries, series: Sequence[Program], finished: pd.DataFrame | None
) -> tuple[Iterable[tuple[Program, Trial]], Choice | None]:
    """The trials of a method on a task over its lengths, and the learning rate they report with, if it is known."""
    tuning: list[tuple[Program, Trial]] = []
    rate: float | None = method.learning_rate
    if grid.tuning and series:
        tuning = list(_trials(method, task, series, grid.tuning.seeds, grid.tuning.learning_rate, "tuning"))
        tried = {rate: [t.id for _, t in tuning if t.learning_rate == rate] for rate in grid.tuning.learning_rate}
        rate = choose_rate(finished, tried)
    if rate is None:
        return tuning, None
    reporting = _trials(method, task, series, grid.seeds, [rate], "reporting")
    return (*tuning, *reporting), Choice(method.name, task.label, rate)


def _trials(
    method: Method,
    task: TaskSeries,
    series: Sequence[Program],
    seeds: Sequence[int],
    rates: Sequence[float],
    purpose: Purpose,
) -> Iterator[tuple[Program, Trial]]:
    """Every length with every learning rate and every seed."""
    for program in series:
        for rate in map(float, rates):
            identify = trial_ids({**program.fixed, "learning_rate": rate})
            for seed in seeds:
                yield (
                    program,
                    Trial(
                        id=identify(seed),
                        method=method.name,
                        factors=method.factors,
                        task=program.task,
                        task_label=task.label,
                        length=program.length,
                        seed=seed,
                        learning_rate=rate,
                        purpose=purpose,
                        fixed=program.fixed,
                    ),
                )
