"""`plan.json`: all that the tables, the report and MLflow need to know of a grid besides its trials."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqbench.canonical import canonical
from seqbench.components.assemble import assemble_chain
from seqbench.execution.environment import environment, revision
from seqbench.grid.spec import Grid, Range
from seqbench.plan.expand import Method, complete_training
from seqbench.plan.plan import Plan
from seqbench.store import atomic
from seqbench.store.trials import Record
from seqbench.traces import Remedy

OUTCOME = {"solve_rate": "solved", "accuracy": "accuracy", "horizon": "horizon", "steps_to_solve": "steps"}
"""The statistics' word for each primary outcome that a grid can declare."""


def write_plan(folder: Path, current: Plan, records: list[Record]) -> None:
    """Write `plan.json`: all that the tables, the report and MLflow need to know besides the trials."""
    grid = current.grid
    content = {
        "grid": grid.name,
        "question": grid.question,
        "declared": declared(current),
        "training": complete_training(grid.training) | {"learning_rate": grid.training.learning_rate},
        "methods": [method.name for method in current.methods],
        "remedies": remedies(current),
        "incompatible": [reason._asdict() for reason in current.incompatible],
        "waiting": current.waiting,
        "chosen": [choice._asdict() for choice in current.choices],
        "grid_text": grid.text,
        "versions": environment(),
        "revision": revision(Path(__file__).parent),
        "environments": _environments(records),
        **labels(current),
    }
    atomic.write_text(folder / "plan.json", json.dumps(content, indent=1))


def remedies(current: Plan) -> dict[str, list[dict[str, Any]]]:
    """The remedies of every method that is trained, in order, as `seqbench.traces.Remedy` has them."""
    trained = {trial.method for trial in current.trials}  # another may have remedies that refuse their settings
    return {
        method.name: [remedy._asdict() for remedy in _remedies(method)]
        for method in current.methods
        if method.name in trained
    }


def _remedies(method: Method) -> list[Remedy]:
    made = assemble_chain([mitigation._asdict() for mitigation in method.mitigations])
    return [Remedy(each.name, link.traces) for each, link in zip(method.mitigations, made.links, strict=True)]


def labels(current: Plan) -> dict[str, Any]:
    """What names the trials of a plan: the part of `plan.json` that the tables need."""
    factors = list(current.grid.factors)
    return {
        "factors": factors,
        "trials": {
            trial.id: {
                "method": trial.method,
                "task": trial.task_label,
                "length": trial.length,
                "seed": trial.seed,
                "learning_rate": trial.learning_rate,
                "tuned": canonical(trial.knobs) if trial.knobs else None,
                "purpose": trial.purpose,
                **{factor: trial.factors.get(factor) for factor in factors},
            }
            for trial in current.trials
        },
    }


def declared(current: Plan) -> dict[str, Any]:
    """What the grid laid down before it ran: the settings of `seqbench.stats.preregistration.Declared`."""
    grid = current.grid
    pairs = [tuple(pair) for pair in grid.comparisons.pairs]
    return {
        "outcome": OUTCOME[grid.primary],
        "comparisons": pairs or None,
        "baseline": grid.comparisons.baseline or (grid.methods[0].name if grid.methods and not grid.factors else None),
        "tuning": tuning_in_words(grid, current.budget),
        "tuning_seeds": list(grid.tuning.seeds) if grid.tuning else [],
        "reporting_seeds": list(grid.seeds),
    }


def tuning_in_words(grid: Grid, budget: int) -> str:
    """How the settings were chosen; `budget` is how many were tried for each method and task."""
    if grid.tuning is None:
        return "No tuning: every method was trained with the learning rate that the grid gives it."
    space = {"learning_rate": grid.tuning.learning_rate, **grid.tuning.space}
    ranges = "; ".join(f"{name} {_in_words(values)}" for name, values in space.items())
    untuned = [method.name for method in grid.methods if not method.tuned]
    return (
        f"For every method and task K = {budget} settings were tried, the same number whatever there was to tune, on "
        f"{len(grid.tuning.seeds)} tuning seeds: {ranges}. One was chosen on validation data (most trials solved, then "
        "fewest steps to solve, then smallest loss; diverged is worst) and trained again on the reporting seeds."
        + (f" Not tuned: {', '.join(untuned)}." if untuned else "")
    )


def _in_words(values: Range | Sequence[Any]) -> str:
    """The values that a setting may take."""
    if not isinstance(values, Range):
        return f"from {', '.join(map(str, values))}"
    also = f" or {', '.join(map(str, values.also))}" if values.also else ""
    return f"from {values.low:g} to {values.high:g} ({values.scale} scale){also}"


def _environments(records: list[Record]) -> dict[str, Any]:
    """Every environment that a finished trial ran in, by its fingerprint."""
    return {record["row"]["environment"]: record["environment"] for record in records}
