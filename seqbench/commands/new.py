"""`seqbench new`: a commented grid that runs, to be changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from seqbench.commands.console import out
from seqbench.components import catalogue
from seqbench.components.own_functions import look_beside
from seqbench.errors import UsageError
from seqbench.grid import template
from seqbench.grid.document import document_of
from seqbench.grid.json_schema import FILE, MODELINE, grid_schema
from seqbench.grid.read import find_grid, grid_of, require_name
from seqbench.grid.template import Method
from seqbench.invocation import command
from seqbench.plan.plan import Plan, plan
from seqbench.store import atomic

TASKS, CELLS, MITIGATIONS = ("delayed_recall",), ("vanilla", "gru"), ("clip_global_norm",)
"""What a new grid has if nothing is asked for."""


def new(name: str, *, like: str | None, tasks: Sequence[str], cells: Sequence[str], mitigations: Sequence[str]) -> None:
    """Write a grid and say how to go on.

    Raises:
        UsageError: the file exists, or nothing of what was asked for goes together.
        GridError: a name that does not exist.
    """
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if path.exists():
        raise UsageError(f"{path} exists. Choose another name, or move it away")
    look_beside(path.parent)
    for family, wanted in (("tasks", tasks), ("cells", cells), ("mitigations", mitigations)):
        for each in wanted:
            catalogue.component(family, each)
    head = "\n".join(
        [f"# {path.stem}: say here what it asks, and where the idea comes from.", "#",
         f"# What it would cost:  {command('plan', path)}", f"# Run it:              {command('run', path)}", ""]
    )  # fmt: skip
    text, methods = _like(like, head, tasks, cells, mitigations) if like else _written(head, tasks, cells, mitigations)
    document = document_of(text, file=str(path))
    require_name(document)
    current = plan(grid_of(document))
    atomic.write_text(path, f"{MODELINE}\n{text}")
    schema = path.parent / FILE
    if not schema.exists():
        atomic.write_text(schema, json.dumps(grid_schema(), indent=2) + "\n")
    console = out()
    count = f"{len(current.methods)} method{'s' if len(current.methods) != 1 else ''}"
    console.print(f"{path}: {count}, {len(current.trials):,} trials to begin with")
    for method in methods:
        if method.left_out:
            console.print(f"Left out: {method.name}: {method.left_out}")
    for pair in current.incompatible:
        console.print(f"Will be left out: {pair.method} on {pair.task}: {pair.reason}")
    console.print(f"Editors complete it by {schema}.")
    console.print(f"Change it, then see what it would cost:  {command('plan', path)}")
    console.print(f"and run it:                              {command('run', path)}")


def _written(
    head: str, tasks: Sequence[str], cells: Sequence[str], mitigations: Sequence[str]
) -> tuple[str, list[Method]]:
    """A grid from the template, of the first size in which most methods can be built, and its methods."""
    tasks = tasks or TASKS
    methods = template.crossed(cells or CELLS, mitigations or (() if cells else MITIGATIONS))
    plans = {}
    for size in template.SIZES:
        plans[size] = _plan(template.written(tasks, methods, size=size, head=head))
        if not plans[size].incompatible:
            break
    fits = min(plans, key=lambda size: len(plans[size].incompatible))
    methods = _without_impossible(methods, plans[fits])
    return template.written(tasks, methods, size=fits, head=head), methods


def _like(
    name: str, head: str, tasks: Sequence[str], cells: Sequence[str], mitigations: Sequence[str]
) -> tuple[str, list[Method]]:
    """A shipped grid, or any other, with the tasks and methods that are asked for, and the latter."""
    text = find_grid(name).read_text(encoding="utf-8")
    data = document_of(text, file=name).data
    replaced = {"tasks": template.one_line("tasks", list(tasks))} if tasks else {}
    methods = template.crossed(cells or ("vanilla",), mitigations) if cells or mitigations else []
    if methods:
        replaced |= {"methods": template.methods_block(methods)}
        replaced |= {"tuning": template.tuned_anew(data)} if data.get("tuning") else {}
    dropped = [*(template.GENERATED if methods else ()), *(("claim",) if methods or tasks else ())]
    if tasks and (criteria := template.criteria_of(data, tasks)) is not None:
        replaced |= {"criterion": criteria} if criteria else {}
        dropped += [] if criteria else ["criterion"]
    text = template.like(text, head=head, replaced=replaced, dropped=dropped)
    if methods:
        methods = _without_impossible(methods, _plan(text))
        text = template.like(text, head=head, replaced={"methods": template.methods_block(methods)}, dropped=())
    return text, methods


def _plan(text: str) -> Plan:
    return plan(grid_of(document_of(text, file="grid")))


def _without_impossible(methods: Sequence[Method], current: Plan) -> list[Method]:
    """The methods, those that can be built for none of the tasks marked as left out.

    Raises:
        UsageError: none can be built.
    """
    trained = {trial.method for trial in current.trials}
    reasons = {each.method: each.reason for each in current.incompatible}
    if not trained:
        lines = "\n".join(f"  {method}: {reason}" for method, reason in reasons.items())
        raise UsageError(f"Nothing of this goes together:\n{lines}")
    return [each if each.name in trained else each._replace(left_out=reasons[each.name]) for each in methods]
