"""From a grid's name or file to a Grid, checked: every error names file, line, column and field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import seqbench
from seqbench.components.checking import expected, shown
from seqbench.components.nearest_name import advice
from seqbench.components.own_functions import look_beside
from seqbench.errors import GridError, Problem
from seqbench.grid.base import KEYS, VALUE
from seqbench.grid.checks import component_problems, number_problems
from seqbench.grid.claim import Claim, ClaimCriterion, Published
from seqbench.grid.criterion import Solved
from seqbench.grid.document import Document, Place, in_order, read_document
from seqbench.grid.lengths import DrawnLengths, LengthRange, ListedLengths
from seqbench.grid.overrides import folder_name, overridden
from seqbench.grid.renamed import with_present_names
from seqbench.grid.spec import Comparisons, Fragment, Grid, NamedMethod, Range, Tuning
from seqbench.grid.training import BatchByLength, StepsByLength, StopWhenStuck, Training, TrainOn
from seqbench.printable import ACTING, printable

TAKEN_NAMES = ("mlartifacts", "mlruns", "trials", "failures", "quarantine", "checkpoints", "parameters", "components")
"""Folders of other things beside or in results folders."""

LONGEST_NAME = 200
"""Bytes; file systems take 255, of which temporary files need some."""


def find_grid(name: str | Path) -> Path:
    """The file of a grid given by its path, or by the name of a shipped one.

    Raises:
        GridError: there is no such file and no shipped grid of that name.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_grids()
    if str(name) in shipped:
        return shipped[str(name)]
    raise GridError(f"{name}: there is no such file and no shipped grid of that name{advice(name, shipped)}")


def shipped_grids() -> dict[str, Path]:
    """The grids that come with seqbench, by name: beside the package in a checkout, inside it where it is installed."""
    return {path.stem: path for path in sorted(_experiments().glob("*.yaml"))}


def shipped_claims() -> dict[str, Path]:
    """The grids that repeat published claims, by name."""
    return {path.stem: path for path in sorted(_experiments().glob("replications/*.yaml"))}


def claims_elsewhere() -> str:
    """What stands beside the claims about those that no grid can state, as Markdown."""
    return (_experiments() / "replications" / "elsewhere.md").read_text("utf-8")


def _experiments() -> Path:
    package = Path(seqbench.__file__).parent
    installed, checkout = package / "experiments", package.parent / "experiments"
    return installed if installed.is_dir() else checkout


def read_grid(path: str | Path, *, overrides: Sequence[str] = (), name: str = "") -> Grid:
    """Read and check a grid.

    Args:
        path: its file.
        overrides: values that replace those of the file, such as `training.steps=200`; see `seqbench.grid.overrides`.
        name: names the results. By default the file does, and where overrides make another grid of it, they do.

    Raises:
        GridError: with all problems in the order of the file, `file:line:column field: what is wrong`, each with the
            line that it is in.
    """
    return grid_of(prepared(read_document(path), overrides=overrides, name=name))


def prepared(document: Document, *, overrides: Sequence[str] = (), name: str = "") -> Document:
    """The document with overrides and under its name, with the errors of `read_grid`; it is not checked yet.

    From here on modules of the user's own are looked for beside it.
    """
    look_beside(document.folder)
    if overrides:
        document = _overridden(document, overrides)
    if name:
        document = replace(document, chosen_name=name)
    require_name(document)
    return document


def _overridden(document: Document, overrides: Sequence[str]) -> Document:
    """The document with overrides, named after them; or as it was, if they make the same grid of it."""
    changed = overridden(document, overrides)
    before, after = (_shape(either)[0] for either in (document, changed))
    if before and after and vars(before) == vars(after):
        return document
    return replace(changed, chosen_name=folder_name(changed))


def grid_of(document: Document) -> Grid:
    """The grid that a document holds, checked; raises as `read_grid`."""
    document = with_present_names(document)
    if not isinstance(document.data, dict):
        raise document.error((), f"expected keys such as question, tasks and methods, got {shown(document.data)}")
    found = dict(document.problems)
    grid, misshapen = _shape(document)
    for stage in (misshapen, component_problems(document), number_problems(grid) if grid else ()):
        before = list(found)
        for place, problem in stage:
            if not any(_overlap(place, known) for known in before):  # it would be the same said in other words
                found.setdefault(place, problem)
    if grid is None or found:
        raise GridError(problems=in_order(found.values()))
    return grid


def _overlap(one: Place, other: Place) -> bool:
    """Whether one of two places is inside the other."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def require_name(document: Document) -> None:
    """A grid names the folder of its results: refuse a name that is none, or that means something else there.

    Raises:
        GridError: says which names will do.
    """
    name = document.name
    taken = name in TAKEN_NAMES or name.startswith((".", "mlflow.db")) or ACTING.search(name)
    if taken or "/" in name or len(name.encode()) > LONGEST_NAME or not name.strip():
        raise GridError(
            f"{printable(document.file)}: {printable(name)!r} cannot name a folder of results. Rename the file, or "
            f"choose another name with --name. It must not hold a slash, begin with a dot or be one of "
            f"{', '.join(TAKEN_NAMES)}, and have at most {LONGEST_NAME} bytes"
        )


def _shape(document: Document) -> tuple[Grid | None, list[tuple[Place, Problem]]]:
    """The document as a Grid, whatever its components mean; or what is wrong with its shape, and where."""
    try:
        grid = Grid.model_validate(document.data)
    except ValidationError as error:
        return None, [_explain(document, detail) for detail in error.errors()]
    grid._document = document
    return grid, []


def _place(document: Document, location: Place) -> Place:
    """Where a pydantic error is: its location without what pydantic adds to it (union members, `[key]`)."""
    place: Place = ()
    for part in location:
        if (*place, part) in document.marks or part == location[-1]:
            place = (*place, part)
    return place[:-1] if place and place[-1] in ("[key]", KEYS, VALUE) else place


def _explain(document: Document, detail: Any) -> tuple[Place, Problem]:
    """What one pydantic error says, and its place."""
    place = _place(document, detail["loc"])
    if detail["type"] == "extra_forbidden":
        inside = len(place) == 1 and place[0] in Training.model_fields
        near = f"; did you mean 'training.{place[0]}'?" if inside else advice(place[-1], _siblings(place))
        return place, document.problem(place, f"unknown key{near}", key=True)
    if detail["type"] == "missing":
        return place, document.problem(place, "expected a value, got none; a grid needs this key")
    in_key = "[key]" in detail["loc"]
    got = shown(place[-1] if in_key else detail["input"])
    return place, document.problem(place, f"expected {expected(detail)}, got {got}", key=in_key)


def _siblings(place: Place) -> list[str]:
    """The keys that are known where an unknown one stands."""
    parents: dict[str, Any] = {
        "training": Training,
        "steps": StepsByLength,
        "batch_size": BatchByLength,
        "stop_when_solved": TrainOn,
        "stop_when_stuck": StopWhenStuck,
        "tuning": Tuning,
        "comparisons": Comparisons,
        "lengths": LengthRange,
        "claim": Claim,
        "test_lengths": ListedLengths,
    }
    if len(place) == 1:
        return list(Grid.model_fields)
    listed = {"criteria": ClaimCriterion, "published": Published}.get(str(place[1])) if place[0] == "claim" else None
    within = DrawnLengths if place[-3:-1] == ("training", "lengths") else listed or parents.get(str(place[-2]))
    nearest: Any = within or {"tuning": Range, "criterion": Solved}.get(str(place[0]))
    fields = (nearest or (NamedMethod if place[0] == "methods" else Fragment)).model_fields
    return [field.alias or name for name, field in fields.items()]
