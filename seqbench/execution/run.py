"""Run a grid: find what is missing, train it, keep it, and go on until the plan has nothing more to ask.

A grid that is tuned plans its reporting trials only once its tuning trials are in, so planning and training alternate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.execution.environment import environment, fingerprint, revision
from seqbench.execution.local import Event, Pool
from seqbench.execution.probe_grid import require_probes
from seqbench.grid.expand import complete_training
from seqbench.grid.identity import canonical
from seqbench.grid.plan import Group, Plan, Trial, plan
from seqbench.grid.spec import Grid, Range
from seqbench.store import atomic
from seqbench.store.lock import held
from seqbench.store.results import gather, tables_of
from seqbench.store.trials import Record, TrialStore


class Found(NamedTuple):
    """What a run found before it began: trials planned, finished, damaged, and how the previous run ended."""

    planned: int
    finished: int
    crashed: int
    damaged: tuple[Path, ...]
    unfinished_run: dict[str, object] | None


class Summary(NamedTuple):
    """What a run left: how many trials there are, are finished, and crashed."""

    planned: int
    finished: int
    crashed: int


Observer = Callable[[Trial, Event], None]


def run_grid(
    grid: Grid,
    folder: Path,
    *,
    workers: int,
    only: str | None = None,
    found: Callable[[Plan, Found], None] = lambda plan, found: None,
    observe: Observer = lambda trial, event: None,
) -> Summary:
    """Train what is missing of a grid.

    Args:
        grid: what to run.
        folder: its results folder; made if absent.
        workers: worker processes.
        only: train this one trial (again, if it has finished) and nothing else.
        found: told what was there, before training begins and again after tuning.
        observe: told every event of the workers after it has been kept.

    Raises:
        GridError: the grid asks for a probe that does not exist. GridBusy: another process runs this grid.
        StoreError: the folder cannot be written.
    """
    require_probes(grid)
    store = TrialStore(folder)
    crashed: set[str] = set()
    keep = folder if grid.keep_parameters else None
    with held(folder) as unfinished, Pool(workers, probes=grid.probes, keep=keep) as pool:
        while True:
            records, damaged = store.read(quarantine=True)
            current = planned(grid, records)
            write_plan(folder, current, records)
            done = {record["trial"] for record in records}
            groups = missing(current, done | crashed if only is None else crashed, only=only)
            found(
                current, Found(len(current.trials), len(done & ids(current)), len(crashed), tuple(damaged), unfinished)
            )
            if not groups:
                break
            pool.run(groups, keeper(current, store, crashed, observe))
            if only is not None:
                break
        records, _ = store.read()
        write_plan(folder, current, records)
        gather(folder)
    finished = {record["trial"] for record in records} & ids(current)
    return Summary(len(current.trials), len(finished), len(crashed))


def planned(grid: Grid, records: list[Record]) -> Plan:
    """The plan as far as it can be known from these finished trials."""
    first = plan(grid)
    if grid.tuning is None:
        return first
    return plan(grid, tables_of(records, labels(first))["results"])


def ids(current: Plan) -> set[str]:
    """Identities of all trials of a plan."""
    return {trial.id for trial in current.trials}


def missing(current: Plan, done: set[str], *, only: str | None = None) -> list[Group]:
    """The groups with the trials that are yet to train."""

    def wanted(trial: Trial) -> bool:
        return trial.id not in done and (only is None or trial.id == only)

    groups = [replace(group, trials=tuple(filter(wanted, group.trials))) for group in current.groups]
    return [group for group in groups if group.trials]


def keeper(current: Plan, store: TrialStore, crashed: set[str], observe: Observer) -> Callable[[Event], None]:
    """What to do with each event: keep what finished or crashed, then pass it on."""
    trials = {trial.id: trial for trial in current.trials}

    def handle(event: Event) -> None:
        trial = trials[event["trial"]]
        if event["event"] == "finished":
            store.write(record_of(trial, event))
        elif event["event"] == "crashed":
            crashed.add(trial.id)
            store.write_failure(trial.id, event["traceback"])
        observe(trial, event)

    return handle


def record_of(trial: Trial, event: Event) -> Record:
    """What is kept of a finished trial. `parameters` is the SHA-256 of the file that holds them, or None."""
    return {
        "trial": trial.id,
        "settings": trial.settings,
        "row": event["row"] | {"environment": fingerprint(event["environment"])},
        "environment": event["environment"],
        "curve": event["curve"],
        "probes": event["probes"],
        "parameters": event["parameters"],
    }


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


def write_plan(folder: Path, current: Plan, records: list[Record]) -> None:
    """Write `plan.json`: all that the tables, the report and MLflow need to know besides the trials."""
    grid = current.grid
    content = {
        "grid": grid.name,
        "question": grid.question,
        "declared": declared(current),
        "training": complete_training(grid.training) | {"learning_rate": grid.training.learning_rate},
        "methods": [method.name for method in current.methods],
        "remedies": {method.name: [remedy.name for remedy in method.mitigations] for method in current.methods},
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


OUTCOME = {"solve_rate": "solved", "accuracy": "accuracy", "horizon": "horizon", "steps_to_solve": "steps"}
"""The statistics' word for each primary outcome that a grid can declare."""


def declared(current: Plan) -> dict[str, Any]:
    """What the grid laid down before it ran: the settings of `seqbench.stats.declared.Declared`."""
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
