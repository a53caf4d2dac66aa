"""From a grid to its trials, in groups that share a compiled program. Nothing is trained or compiled.

With `tuning`, a method's reporting trials on a task appear once all of its tuning trials on that task have finished
and a setting has been chosen from them; until then they wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from seqbench.errors import UsageError
from seqbench.grid.spec import Grid
from seqbench.plan.estimate import SECONDS_PER_COMPILATION, Estimate
from seqbench.plan.examined import MAX_TRIALS, Examined, examine
from seqbench.plan.expand import Method
from seqbench.plan.feasibility import Impossible, reasons_in_words
from seqbench.plan.horizon import SeedSearch, ToCome
from seqbench.plan.selection import KnownResults, lengths_of
from seqbench.plan.series import series_trials
from seqbench.plan.trial import Choice, Trial

if TYPE_CHECKING:  # pandas takes a second to import, and a plan of a fresh grid needs none of it
    import pandas as pd


@dataclass(frozen=True)
class Group:
    """The trials that share the program that differentiates their model."""

    key: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True, repr=False)
class Plan:
    """What a grid will run.

    trials: tuning trials, and the reporting trials whose setting is known
    waiting: how many reporting trials wait for tuning to finish
    choices: the settings that tuning has chosen so far
    budget: settings tried for each method and task that is tuned; 0 without tuning
    searches: how far each search for the horizon got; empty where lengths are listed
    to_come: the trials that searches will ask for once those of this plan are in
    memory: bytes of a worker at the largest trial that may be asked for
    untested: methods that are not tested at other lengths, because they read sequences of one length alone
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
    untested: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """What it comes to, in a line."""
        left_out = f", {len(reasons_in_words(self.incompatible))} combinations left out" if self.incompatible else ""
        size = f"{len(self.trials):,} trials of {len(self.methods)} methods in {len(self.groups)} groups"
        return f"<Plan of {self.grid.name}: {size}{left_out}>"

    def estimate(self, workers: int = 1) -> Estimate:
        """Time and memory of this plan from nothing (see `seqbench.plan.estimate`); waiting trials are counted."""
        seconds = sum(trial.configuration.seconds for trial in self.trials)
        seconds *= 1 + self.waiting / max(len(self.trials), 1)
        seconds += SECONDS_PER_COMPILATION * len(self.groups)
        expected, most = (seconds + more for more in (self.to_come.seconds, self.to_come.most_seconds))
        largest = max((trial.configuration.bytes for trial in self.trials), default=0)
        return Estimate(len(self.groups), expected / workers, most / workers, max(largest, self.memory), workers)

    def require_trials(self) -> None:
        """Refuse a plan that trains nothing.

        Raises:
            UsageError: says of each method on each task why it makes no sense.
        """
        if not self.trials:
            reasons = "\n".join(f"  {line}" for line in reasons_in_words(self.incompatible))
            raise UsageError(f"{self.grid.name} has nothing to train: no combination makes sense.\n{reasons}")

    @property
    def expected_trials(self) -> float:
        """Trials of this plan, and those that it is expected to ask for."""
        return len(self.trials) + self.waiting + self.to_come.trials

    @property
    def unfolding(self) -> bool:
        """Whether it will ask for further trials once some of its own have finished."""
        return self.waiting > 0 or not all(search.ended for search in self.searches)

    @property
    def steps(self) -> tuple[int, int]:
        """The fewest and the most training steps that a trial of this plan may take; zeros without trials."""
        budgets = {trial.configuration.fixed["training"]["steps"] for trial in self.trials}
        return min(budgets, default=0), max(budgets, default=0)

    @property
    def training_lengths(self) -> str:
        """At which lengths batches are drawn where that is not the dependency length of the trial; else empty."""
        rules = {method.name: str(method.training.get("lengths", "")) for method in self.methods}
        if len(set(rules.values())) == 1:
            return next(iter(rules.values()))
        drawn = [f"{name}: {rule}" for name, rule in rules.items() if rule]
        return "; ".join([*drawn, "the others: at the dependency length"])

    def describe(self, workers: int = 1) -> dict[str, Any]:
        """The plan as values that JSON can hold."""
        estimate = self.estimate(workers)
        return {
            "grid": self.grid.name,
            "question": self.grid.question,
            "methods": [method.name for method in self.methods],
            "trials": len(self.trials),
            "training_steps": list(self.steps),
            **({"training_lengths": words} if (words := self.training_lengths) else {}),
            "waiting": self.waiting,
            "settings_tried": self.budget,
            **({"to_come": asdict(self.to_come)} if self.searches else {}),
            "groups": len(self.groups),
            "compilations": estimate.compilations,
            "incompatible": [{**reason._asdict(), "lengths": list(reason.lengths)} for reason in self.incompatible],
            **({"untested": list(self.untested)} if self.grid.test_lengths else {}),
            "chosen": [choice._asdict() for choice in self.choices],
            "estimate": estimate._asdict(),
        }


def plan(
    grid: Grid,
    finished: pd.DataFrame | None = None,
    *,
    max_trials: int = MAX_TRIALS,
    bounded: bool = True,
    trained: Mapping[str, Collection[int]] | None = None,
) -> Plan:
    """Expand a grid into trials.

    Args:
        grid: the grid.
        finished: the results so far, from which settings are chosen; see `choose`.
        max_trials: refuse more trials than this, before any is made.
        bounded: refuse trials that this machine's memory does not hold.
        trained: lengths of trials that were planned before, by task, from which searches go on; None: those of
            `finished`, if it says them.

    Raises:
        GridError: too many trials, methods that cannot be distinguished, or tuning that makes no sense.
    """
    before = lengths_of(finished) if trained is None else trained
    return plan_examined(examine(grid, max_trials=max_trials, bounded=bounded, trained=before), finished)


def plan_examined(examined: Examined, finished: pd.DataFrame | None = None) -> Plan:
    """The plan of a grid that has been examined, from the results so far: milliseconds, where examining takes seconds.

    It depends on which trials have finished and how, and not on the order in which they did.
    """
    grid, seen = examined.grid, KnownResults(finished)
    made = [series_trials(grid, series, seen) for series in examined.series]
    both = list(zip(examined.series, made, strict=True))
    trials = tuple(trial for asked in made for trial in asked.trials)
    return Plan(
        grid,
        examined.methods,
        trials=trials,
        groups=_groups(trials),
        incompatible=examined.impossible,
        waiting=sum(
            len(series.configurations[0]) * len(grid.seeds)
            for series, asked in both
            if not asked.choice and not series.task.searched
        ),
        choices=tuple(asked.choice for series, asked in both if asked.choice and series.tuned),
        budget=examined.budget,
        searches=tuple(search for asked in made for search in asked.searches),
        to_come=sum((asked.to_come for asked in made), ToCome()),
        memory=examined.memory,
        untested=examined.untested,
    )


def _groups(trials: Iterable[Trial]) -> tuple[Group, ...]:
    """The trials by compiled program, in the order in which programs first occur."""
    members: dict[str, list[Trial]] = {}
    for trial in trials:
        members.setdefault(trial.configuration.key, []).append(trial)
    return tuple(Group(key, tuple(own)) for key, own in members.items())
