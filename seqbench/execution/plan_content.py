"""From a plan to what is kept of it in `plan.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from seqbench.canonical import canonical
from seqbench.components.assemble import assemble_chain
from seqbench.components.own_source import own_source
from seqbench.execution.environment import environment, revision
from seqbench.grid.named import own_names
from seqbench.grid.spec import Grid, Range
from seqbench.plan.expand import Method, complete_training
from seqbench.plan.plan import Plan
from seqbench.plan.task_series import expand_tasks
from seqbench.plan.trial import Trial
from seqbench.store.plan_file import Chosen, LeftOut, Overridden, PlanFile
from seqbench.store.trial_label import TrialLabel
from seqbench.traces import Remedy

OUTCOME = {"solve_rate": "solved", "accuracy": "accuracy", "horizon": "horizon", "steps_to_solve": "steps"}
"""The statistics' word for each primary outcome that a grid can declare."""


def plan_content(current: Plan, environments: Mapping[str, Mapping[str, str]]) -> PlanFile:
    """What is kept of a plan; `environments` are those in which trials have finished, by fingerprint."""
    grid = current.grid
    factors = tuple(grid.factors)
    levels = {id(trial.shared): {name: trial.factors.get(name) for name in factors} for trial in current.trials}
    return PlanFile(
        grid=grid.name,
        question=grid.question,
        grid_text=grid.text,
        overrides=tuple(Overridden(one.setting, one.before, one.after) for one in grid.overrides),
        declared=declared(current),
        training=_training(grid),
        methods=tuple(method.name for method in current.methods),
        remedies=remedies(current),
        factors=factors,
        trials={trial.id: _label(trial, levels[id(trial.shared)]) for trial in current.trials},
        incompatible=tuple(LeftOut(**reason._asdict()) for reason in current.incompatible),
        waiting=current.waiting,
        chosen=tuple(Chosen(**choice._asdict()) for choice in current.choices),
        versions=environment(),
        revision=revision(Path(__file__).parent),
        environments=environments,
        code={name: own_source(name) for name in own_names(grid.document.data)},
    )


def _training(grid: Grid) -> dict[str, Any]:
    """The grid's training settings as JSON holds them; what depends on the dependency length stays a rule."""
    values = complete_training(grid.training) | {"learning_rate": grid.training.learning_rate}
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
        for name, value in values.items()
    }


def remedies(current: Plan) -> dict[str, tuple[Remedy, ...]]:
    """The remedies of every method that is trained, in order."""
    trained = {trial.method for trial in current.trials}  # another may have remedies that refuse their settings
    return {method.name: _remedies(method) for method in current.methods if method.name in trained}


def _remedies(method: Method) -> tuple[Remedy, ...]:
    made = assemble_chain([mitigation._asdict() for mitigation in method.mitigations])
    return tuple(Remedy(each.name, link.traces) for each, link in zip(method.mitigations, made.links, strict=True))


def _label(trial: Trial, factors: Mapping[str, str | None]) -> TrialLabel:
    return TrialLabel(
        method=trial.method,
        task=trial.task_label,
        length=trial.length,
        seed=trial.seed,
        learning_rate=trial.learning_rate,
        purpose=trial.purpose,
        tuned=canonical(trial.knobs) if trial.knobs else None,
        factors=factors,
    )


def declared(current: Plan) -> dict[str, Any]:
    """What the grid laid down before it ran: the settings of `seqbench.stats.preregistration.Declared`."""
    grid = current.grid
    pairs = [list(pair) for pair in grid.comparisons.pairs]
    return {
        "outcome": OUTCOME[grid.primary],
        "comparisons": pairs or None,
        "baseline": grid.comparisons.baseline or (grid.methods[0].name if grid.methods and not grid.factors else None),
        "searched": {task.label: list(task.lengths) for task in expand_tasks(grid) if task.searched},
        "tuning": tuning_in_words(grid, current.budget, searched=bool(current.searches)),
        **({"training_lengths": words} if (words := current.training_lengths) else {}),
    }


def tuning_in_words(grid: Grid, budget: int, *, searched: bool = False) -> str:
    """How the settings were chosen (`seqbench.plan.selection.choose`).

    budget: how many were tried for each method and task
    searched: whether lengths are searched, by tuning trials too
    """
    if grid.tuning is None:
        return "No tuning: every method was trained with the learning rate that the grid gives it."
    space = {"learning_rate": grid.tuning.learning_rate, **grid.tuning.space}
    ranges = "; ".join(f"{name} {_in_words(values)}" for name, values in space.items())
    first = "largest mean log2 of the longest length solved in a search by doubling, then " if searched else ""
    untuned = [method.name for method in grid.methods if not method.tuned]
    return (
        f"For every method and task K = {budget} settings were tried, the same number whatever there was to tune, on "
        f"{len(grid.tuning.seeds)} tuning seeds: {ranges}. One was chosen on validation data ({first}most trials "
        "solved, then fewest steps to solve, then smallest loss; diverged is worst) and trained again on the reporting "
        "seeds." + (f" Not tuned: {', '.join(untuned)}." if untuned else "")
    )


def _in_words(values: Range | Sequence[Any]) -> str:
    """The values that a setting may take."""
    if not isinstance(values, Range):
        return f"from {', '.join(map(str, values))}"
    also = f" or {', '.join(map(str, values.also))}" if values.also else ""
    return f"from {values.low:g} to {values.high:g} ({values.scale} scale){also}"
