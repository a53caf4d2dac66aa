"""What is wrong with a grid that its shape alone does not say: names, settings, and numbers that must fit together."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from seqbench.components import catalogue
from seqbench.components.catalogue import ComponentError
from seqbench.components.checking import shown
from seqbench.components.nearest_name import advice
from seqbench.components.probe_selection import PROBE_SETS
from seqbench.errors import Problem
from seqbench.grid.document import Document, Place
from seqbench.grid.lengths import LengthRange
from seqbench.grid.named import named_components
from seqbench.grid.ranges import unsound
from seqbench.grid.reference import Reference
from seqbench.grid.spec import RESERVED, Grid

Problems = Iterator[tuple[Place, Problem]]
"""What is wrong, and where it stands."""


def component_problems(document: Document) -> Problems:
    """Names that are no component's, and settings that a component does not have or that do not fit.

    A component is imported only if its name is known, and its settings are checked only then.
    """
    for place, family, reference in named_components(document.data):
        if not reference.name:  # what it changes is known where methods are expanded
            yield from _no_settings(document, place, family, reference)
            continue
        try:
            catalogue.require(family, reference.name, *(PROBE_SETS if place == ("probes",) else ()))
            given = dict(reference.settings or {})
            if family == "tasks" and isinstance(given.get(argument := catalogue.length_argument(reference.name)), list):
                del given[argument]  # a list of lengths, checked where tasks are expanded
            catalogue.resolve(family, reference.name, given)
        except ComponentError as error:
            yield _placed(document, place, family, reference, error)


def _no_settings(document: Document, place: Place, family: str, reference: Reference) -> Problems:
    """Settings that stand alone are not the name of a component with something that is no settings."""
    for name, value in (reference.settings or {}).items():
        if name in catalogue.names(family):
            here = (*place, name)
            yield here, document.problem(here, f"expected settings of {name}, got {shown(value)}")


def _placed(
    document: Document, place: Place, family: str, reference: Reference, error: ComponentError
) -> tuple[Place, Problem]:
    """An error of the catalogue with its place in the file."""
    inner = (*place, reference.name)
    if inner not in document.marks:  # a bare name, or settings alone
        inner = place
    if inner == place and (*place, error.setting) not in document.marks:
        return place, document.problem(place, error.problem)
    if not error.setting:
        return inner, document.problem(inner, error.problem, key=True)
    known, at = catalogue.settings(family, reference.name), (*inner, error.setting)
    return at, document.problem(at, error.problem, key=error.setting not in known)


def number_problems(grid: Grid) -> Problems:
    """Numbers that do not fit together, and names that are taken."""
    document = grid.document
    if isinstance(grid.lengths, LengthRange):
        yield from _searched(grid, grid.lengths)
    elif len(set(grid.lengths)) != len(grid.lengths):
        message = f"expected values that differ from each other, got {shown(grid.lengths)}"
        yield ("lengths",), document.problem(("lengths",), message)
    if isinstance(grid.criterion, dict):
        known = [task.name for task in grid.tasks]
        for name in grid.criterion.keys() - set(known):
            message = f"expected the name of a task of the grid{advice(name, known)}"
            yield ("criterion", name), document.problem(("criterion", name), message, key=True)
    yield from _claimed(grid)
    if grid.tuning:
        yield from unsound(document, grid.tuning)
    if grid.tuning and (shared := _first_of_both(grid.tuning.seeds, grid.seeds)) is not None:
        message = f"expected seeds that are not reported, got {shared}, which `seeds` has as well"
        yield ("tuning", "seeds"), document.problem(("tuning", "seeds"), message)
    for factor in grid.factors:
        if factor in RESERVED:
            message = f"results have a column {factor!r} of their own; name the factor differently"
            yield ("factors", factor), document.problem(("factors", factor), message, key=True)


def _first_of_both(one: Sequence[int], other: Sequence[int]) -> int | None:
    """The smallest seed that both have, without a list of what is a range: a grid may ask for a billion of them."""
    if isinstance(one, range) and isinstance(other, range):
        first, end = max(one.start, other.start), min(one.stop, other.stop)  # ranges of seeds have no gaps
        return first if first < end else None
    listed, among = (other, one) if isinstance(one, range) else (one, other)
    known: Container[int] = among if isinstance(among, range) else frozenset(among)
    return min((seed for seed in listed if seed in known), default=None)


def _claimed(grid: Grid) -> Problems:
    """Criteria of a claim that contradict themselves, or count more seeds than the grid has.

    Whether it has their tasks, lengths and methods is known where these are expanded.
    """
    for index, own in enumerate(grid.claim.criteria if grid.claim else ()):
        place = ("claim", "criteria", index)
        if own.figure == "horizon" and own.length:
            message = "expected no length: a horizon is of all lengths"
            yield (*place, "length"), grid.document.problem((*place, "length"), message)
        for name in ("at_least", "at_most"):
            bound = getattr(own, name)
            most = len(grid.seeds)
            least = -most if own.than else 0  # a difference of two counts may be negative
            if own.figure in ("solved", "diverged") and bound is not None and not least <= bound <= most:
                message = f"expected {least} to {most} seeds, as the grid has {most}, got {bound:g}"
                yield (*place, name), grid.document.problem((*place, name), message)


def _searched(grid: Grid, lengths: LengthRange) -> Problems:
    document = grid.document
    if lengths.longest <= lengths.shortest:
        message = (
            f"expected more than `from`, which is {lengths.shortest}, got {lengths.longest}; a length alone is a list"
        )
        yield ("lengths", "to"), document.problem(("lengths", "to"), message)
    if grid.primary != "horizon":
        message = (
            f"expected 'horizon', got {grid.primary!r}: a search trains each seed at lengths of its own, and only its "
            "horizon compares; or give `lengths` as a list"
        )
        yield ("primary",), document.problem(("primary",), message)
