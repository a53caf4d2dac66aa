"""The picture at initialisation: every method of a plan, or one model, is built and probed; nothing is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from seqbench.components import catalogue
from seqbench.components.own_functions import look_beside
from seqbench.components.probe_selection import Asked, assemble_probes
from seqbench.errors import UsageError
from seqbench.grid.document import Document
from seqbench.grid.given import Function, Given, grid_given, with_names
from seqbench.grid.reference import Reference
from seqbench.grid.spec import Grid
from seqbench.plan.feasibility import Impossible
from seqbench.plan.plan import Plan, Trial, plan

if TYPE_CHECKING:  # JAX is imported only where models are built
    from seqbench.probes.base import Probe

COLUMNS = ["method", "task", "length", "seed", "trial", "step", "probe", "distance", "value"]
PROBES = ("action", "gradient_flow")
"""What is measured unless one asks for more: the gradient by distance, and what remedies changed."""

LENGTH = 50
"""The dependency length without a grid."""

Named = str | Function | Mapping[str | Function, Mapping[str, Any]]
"""A component as a grid names it: its name, or `{name: {setting: value}}`. Its function may stand for its name."""


class ProbedPlan(NamedTuple):
    """What was measured of a plan, and what of it cannot be built."""

    measured: pd.DataFrame
    incompatible: tuple[Impossible, ...]


def probe(
    grid: Given | None = None,
    *,
    against: Given | None = None,
    task: Named = "delayed_recall",
    length: int | None = None,
    cell: Named = "vanilla",
    mitigations: Sequence[Named] = (),
    probes: Asked = PROBES,
    seeds: int = 3,
) -> pd.DataFrame:
    """Measure before training: every method of a grid, or one cell without and with mitigations.

        seqbench.probe(task="adding", length=100, cell="lstm", mitigations=["residual_recurrence"])

    Args:
        grid: a grid in any form, see `seqbench.run`; if given, `task`, `cell` and `mitigations` are not looked at.
        against: another grid in any form, to stand beside it.
        task: what it is measured on.
        length: the dependency length in steps; by default the longest of a grid's first trials, and 50 without a grid.
        cell: what is measured.
        mitigations: with what it is measured once more.
        probes: as in `probe_grid`.
        seeds: as in `probe_grid`.

    Returns:
        What `probe_grid` returns, with a column `grid` if there are two; `seqbench.probe_figure` draws it, and
        `seqbench.probe_table` has a row a method.

    Raises:
        UsageError: something is named that does not exist, or the parts do not go together.
    """
    asked = [grid_given(grid) if grid is not None else grid_of(task, length, cell, mitigations)]
    asked += [grid_given(against)] if against is not None else []
    probed = probe_plans(asked, length=length, probes=with_names(probes), seeds=seeds)
    return side_by_side([each.name for each in asked], [each.measured for each in probed])


def probe_plans(
    grids: Sequence[Grid],
    *,
    length: int | None = None,
    probes: Asked = PROBES,
    seeds: int = 3,
    report: Callable[[int, int], None] = lambda done, of: None,
) -> list[ProbedPlan]:
    """Plan and measure grids, each with the modules that stand beside it; arguments as in `probe_grid`.

    length: the dependency length; by default the longest of a grid's trials, which are the first of a search
    """
    found = []
    for grid in grids:
        look_beside(grid.document.folder)
        current = plan(grid if length is None else _at_length(grid, length))
        measured = probe_grid(current, probes=probes, seeds=seeds, report=report)
        found.append(ProbedPlan(measured, current.incompatible))
    return found


def _at_length(grid: Grid, length: int) -> Grid:
    """The grid at one dependency length, which is planned and not trained: untested, and without what it claims."""
    tasks = [task._replace(settings=_without_length(task)) for task in grid.tasks]
    return grid.model_copy(update={"tasks": tasks, "lengths": [length], "test_lengths": [], "claim": None})


def _without_length(task: Reference) -> dict[str, Any]:
    """The settings of a task as a grid gives them, without its own dependency lengths."""
    argument = catalogue.length_argument(task.name)
    return {key: value for key, value in (task.settings or {}).items() if key != argument}


def side_by_side(names: Sequence[str], measured: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The measurements of several grids in one table, whose column `grid` names them; of one alone as they are."""
    if len(measured) == 1:
        return measured[0]
    labels = [name if name not in names[:place] else f"{name} ({place + 1})" for place, name in enumerate(names)]
    return pd.concat([own.assign(grid=label) for label, own in zip(labels, measured, strict=True)], ignore_index=True)


def grid_of(task: Named, length: int | None, cell: Named, mitigations: Sequence[Named] = ()) -> Grid:
    """The grid of one cell on one task, alone and, if there are any, with all of these mitigations.

    Raises:
        UsageError: the length is no length.
    """
    length = LENGTH if length is None else length
    if length < 1:
        raise UsageError(f"a dependency length is at least 1 step, got {length}")
    parts = [with_names(part) for part in (cell, *mitigations)]
    names = [(part if isinstance(part, str) else next(iter(part))).rpartition(":")[2] for part in parts]
    methods: list[dict[str, Any]] = [{"name": names[0], "cell": parts[0], "mitigations": []}]
    if mitigations:
        methods.append({"name": " + ".join(names), "cell": parts[0], "mitigations": parts[1:]})
    values = {
        "question": "How much gradient arrives from each distance before training?",
        "tasks": [with_names(task)],
        "lengths": [length],
        "methods": methods,
    }
    grid = Grid.model_validate(values)
    grid._document = Document("grid", "", values)
    return grid


def probe_grid(
    plan: Plan,
    *,
    probes: Asked = PROBES,
    seeds: int = 3,
    report: Callable[[int, int], None] = lambda done, of: None,
) -> pd.DataFrame:
    """Measure every method of a plan on each of its tasks, at the longest length of its trials, before training.

    Args:
        plan: what a grid would run.
        probes: which probes; see `seqbench.components.probe_selection`.
        seeds: how many of the grid's seeds at most.
        report: called with how many models are done, of how many.

    Returns:
        One row a measurement: method, task, length, seed, trial, step (0) and the columns of a probe.

    Raises:
        UsageError: there is no probe of that name, or no method that can be built.
    """
    if not plan.trials:
        raise UsageError("\n".join(f"{each.method} on {each.task}: {each.reason}" for each in plan.incompatible))
    from seqbench.components.assemble import assemble  # JAX is imported only where models are built
    from seqbench.training.program import Program

    chosen, wanted = _choose(plan, seeds), assemble_probes(probes)
    rows: list[dict[str, object]] = []
    for done, (_, trial) in enumerate(chosen):
        assembly = assemble(trial.settings)
        rows += _measure(Program(assembly), assembly, trial, wanted)
        report(done + 1, len(chosen))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"distance": "Int64"})


def _choose(plan: Plan, seeds: int) -> list[tuple[str, Trial]]:
    """For each method and task the trials of the longest length and the first seeds, in order of their groups.

    Reporting trials where there are any; a method whose learning rate is not chosen yet has tuning trials only. The
    learning rate does not matter before the first step, so that one trial of a seed is enough.
    """
    candidates: dict[tuple[str, str], dict[int, tuple[str, Trial]]] = {}
    best: dict[tuple[str, str], tuple[int, bool]] = {}
    for group in plan.groups:
        for trial in group.trials:
            key, rank = (trial.method, trial.task_label), (trial.length, trial.purpose == "reporting")
            if rank > best.get(key, (0, False)):
                best[key], candidates[key] = rank, {}
            if rank == best[key] and len(candidates[key]) < seeds:
                candidates[key].setdefault(trial.seed, (group.key, trial))
    order = {group.key: place for place, group in enumerate(plan.groups)}
    chosen = [found for trials in candidates.values() for found in trials.values()]
    return sorted(chosen, key=lambda found: order[found[0]])


def _measure(program, assembly, trial: Trial, probes: Mapping[str, Probe]) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
    """The rows of one trial."""
    from seqbench.training.measure import PROBED
    from seqbench.training.state import Numbers

    state = program.initial(trial.seed, assembly.chain)
    batch = program.probe_batch(trial.seed, PROBED)
    numbers = Numbers(trial.seed, trial.learning_rate, assembly.chain)
    found = program.measure(state.parameters, numbers, batch=batch, probes=probes)
    name = {"method": trial.method, "task": trial.task_label, "length": program.task.length, "seed": trial.seed}
    return [{**name, "trial": trial.id, "step": 0, **row} for row in found.rows]
