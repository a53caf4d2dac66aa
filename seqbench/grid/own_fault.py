"""A fault in a component of the user's own, told with the component's name and its place in the file.

A fault of a shipped component is a fault of seqbench, and passes with its traceback.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from traceback import walk_tb

from seqbench.errors import GridError, SeqbenchError
from seqbench.grid.catalogue import Component
from seqbench.grid.spec import Grid


class OwnFault(GridError):
    """A user's `module:function` raised something; the cause is what it raised."""

    def __init__(self, component: str, cause: Exception) -> None:
        self.component = component
        self.problem = f"{component} raised {type(cause).__name__}: {cause}"
        super().__init__(self.problem)


@contextmanager
def own_faults(components: Collection[Component]) -> Iterator[None]:
    """Raise OwnFault for what a user's component raises: one whose module is among the frames of the traceback."""
    try:
        yield
    except SeqbenchError:
        raise
    except Exception as error:
        passed = {frame.f_globals.get("__name__") for frame, _ in walk_tb(error.__traceback__)}
        for name in (component.name for component in components):
            module, colon, _ = name.partition(":")
            if colon and module in passed:
                raise OwnFault(name, error) from error
        raise


@contextmanager
def placed(grid: Grid) -> Iterator[None]:
    """Say of an OwnFault where in the file the component is named first."""
    try:
        yield
    except OwnFault as fault:
        place = next(place for place, _, reference in grid.references() if reference.name == fault.component)
        inner = (*place, fault.component)
        named = inner in grid.document.keys  # with settings the name is a key, and alone it is a value
        raise grid.document.error(inner if named else place, fault.problem, key=named) from fault
