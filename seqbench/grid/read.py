"""From a grid's name or file to a Grid, checked: every error names file, line, column and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

import seqbench
from seqbench.components import catalogue
from seqbench.components.catalogue import ComponentError
from seqbench.components.checking import expected, shown
from seqbench.components.nearest_name import advice
from seqbench.components.probe_selection import PROBE_SETS
from seqbench.errors import GridError
from seqbench.grid.base import KEYS, VALUE
from seqbench.grid.document import Document, Place, read_document
from seqbench.grid.lengths import LengthRange, ListedLengths
from seqbench.grid.ranges import require_sound
from seqbench.grid.reference import Reference
from seqbench.grid.renamed import with_present_names
from seqbench.grid.spec import (
    RESERVED,
    Comparisons,
    Fragment,
    Grid,
    NamedMethod,
    Range,
    Tuning,
)
from seqbench.grid.training import StepsByLength, StopWhenStuck, Training, TrainOn
from seqbench.printable import ACTING, printable

SHOWN_ERRORS = 10

TAKEN_NAMES = ("mlartifacts", "mlruns", "trials", "failures", "quarantine", "checkpoints", "parameters")
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
    package = Path(seqbench.__file__).parent
    installed, checkout = package / "experiments", package.parent / "experiments"
    folder = installed if installed.is_dir() else checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def read_grid(path: str | Path) -> Grid:
    """Read and check a grid. Names are checked before any component is imported, so that most errors come at once.

    Raises:
        GridError: with one line for each problem found, `file:line:column field: what is wrong`.
    """
    require_name(Path(path))
    return grid_of(read_document(path))


def grid_of(document: Document) -> Grid:
    """The grid that a document holds, checked; raises as `read_grid`."""
    grid = _shape(document)
    if (present := with_present_names(document, grid.references())) is not document:
        grid = _shape(present)
    _check_arithmetic(grid)
    _check_names(grid)
    _check_settings(grid)
    return grid


def require_name(path: Path) -> None:
    """A grid's file names the folder of its results: refuse a name that is none, or that means something else there.

    Raises:
        GridError: says which names will do.
    """
    name = path.stem
    taken = name in TAKEN_NAMES or name.startswith((".", "mlflow.db")) or ACTING.search(name)
    if taken or len(name.encode()) > LONGEST_NAME or not name.strip():
        raise GridError(
            f"{printable(str(path))}: {printable(name)!r} cannot name a folder of results. Rename the file: its name "
            f"must not begin with a dot or be one of {', '.join(TAKEN_NAMES)}, and have at most {LONGEST_NAME} bytes"
        )


def _shape(document: Document) -> Grid:
    """The document as a Grid, whatever its components mean."""
    if not isinstance(document.data, dict):
        problem = f"expected keys such as question, tasks and methods, got {shown(document.data)}"
        raise document.error((), problem)
    try:
        grid = Grid.model_validate(document.data)
    except ValidationError as error:
        details = sorted(error.errors(), key=lambda detail: document.mark(_place(document, detail["loc"])).line)
        lines = [_explain(document, detail) for detail in details[:SHOWN_ERRORS]]
        more = [f"... and {len(details) - SHOWN_ERRORS} more"] if len(details) > SHOWN_ERRORS else []
        raise GridError("\n".join(dict.fromkeys(lines + more))) from None
    grid._document = document
    return grid


def _place(document: Document, location: Place) -> Place:
    """Where a pydantic error is: its location without what pydantic adds to it (union members, `[key]`)."""
    place: Place = ()
    for part in location:
        if (*place, part) in document.marks or part == location[-1]:
            place = (*place, part)
    return place[:-1] if place and place[-1] in ("[key]", KEYS, VALUE) else place


def _explain(document: Document, detail: Any) -> str:
    """One line for one pydantic error."""
    place = _place(document, detail["loc"])
    if detail["type"] == "extra_forbidden":
        return document.line(place, f"unknown key{advice(place[-1], _siblings(place))}", key=True)
    if detail["type"] == "missing":
        return document.line(place, "expected a value, got none; a grid needs this key")
    in_key = "[key]" in detail["loc"]
    got = shown(place[-1] if in_key else detail["input"])
    return document.line(place, f"expected {expected(detail)}, got {got}", key=in_key)


def _siblings(place: Place) -> list[str]:
    """The keys that are known where an unknown one stands."""
    parents: dict[str, Any] = {
        "training": Training,
        "steps": StepsByLength,
        "stop_when_solved": TrainOn,
        "stop_when_stuck": StopWhenStuck,
        "tuning": Tuning,
        "comparisons": Comparisons,
        "lengths": LengthRange,
        "test_lengths": ListedLengths,
    }
    if len(place) == 1:
        return list(Grid.model_fields)
    nearest: Any = parents.get(str(place[-2])) or (Range if place[0] == "tuning" else None)
    fields = (nearest or (NamedMethod if place[0] == "methods" else Fragment)).model_fields
    return [field.alias or name for name, field in fields.items()]


def _check_arithmetic(grid: Grid) -> None:
    """What the shape alone cannot say: numbers that must fit together, names that are taken."""
    document = grid.document
    if isinstance(grid.lengths, LengthRange):
        if grid.lengths.longest < grid.lengths.shortest:
            problem = f"expected `from` or more, which is {grid.lengths.shortest}, got {grid.lengths.longest}"
            raise document.error(("lengths", "to"), problem)
        if grid.primary != "horizon":
            problem = (
                f"expected 'horizon', got {grid.primary!r}: a search trains each seed at lengths of its own, and only"
            )
            raise document.error(("primary",), f"{problem} its horizon compares; or give `lengths` as a list")
    elif len(set(grid.lengths)) != len(grid.lengths):
        raise document.error(("lengths",), f"expected values that differ from each other, got {shown(grid.lengths)}")
    if grid.tuning:
        require_sound(document, grid.tuning)
    if grid.tuning and (shared := set(grid.tuning.seeds) & set(grid.seeds)):
        problem = f"expected seeds that are not reported, got {min(shared)}, which `seeds` has as well"
        raise document.error(("tuning", "seeds"), problem)
    for factor in grid.factors:
        if factor in RESERVED:
            problem = f"results have a column {factor!r} of their own; name the factor differently"
            raise document.error(("factors", factor), problem, key=True)


def _check_names(grid: Grid) -> None:
    """Every name is a component's; nothing is imported."""
    for place, family, reference in grid.references():
        if not reference.name:
            _require_settings(grid, place, family, reference)
            continue
        try:
            catalogue.require(family, reference.name, *(PROBE_SETS if place == ("probes",) else ()))
        except ComponentError as error:
            raise _placed(grid, place, family, reference, error) from None


def _require_settings(grid: Grid, place: Place, family: str, reference: Reference) -> None:
    """Settings that stand alone are not the name of a component with something that is no settings."""
    for name, value in (reference.settings or {}).items():
        if name in catalogue.names(family):
            raise grid.document.error((*place, name), f"expected settings of {name}, got {shown(value)}")


def _check_settings(grid: Grid) -> None:
    """Every setting of a named component is one that it has, and of its type."""
    for place, family, reference in grid.references():
        if not reference.name:
            continue  # what it changes is known where methods are expanded
        try:
            given = dict(reference.settings or {})
            if family == "tasks" and isinstance(given.get(argument := catalogue.length_argument(reference.name)), list):
                del given[argument]  # a list of lengths, checked where tasks are expanded
            catalogue.resolve(family, reference.name, given)
        except ComponentError as error:
            raise _placed(grid, place, family, reference, error) from None


def _placed(grid: Grid, place: Place, family: str, reference: Reference, error: ComponentError) -> GridError:
    """An error of the catalogue with its place in the file."""
    inner = (*place, reference.name)
    if inner not in grid.document.marks:  # a bare name, or settings alone
        inner = place
    if inner == place and (*place, error.setting) not in grid.document.marks:
        return grid.document.error(place, error.problem)
    if not error.setting:
        return grid.document.error(inner, error.problem, key=True)
    known = catalogue.settings(family, reference.name)
    return grid.document.error((*inner, error.setting), error.problem, key=error.setting not in known)
