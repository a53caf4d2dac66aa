"""An error raised by a component of the user's own, reported with the component's name.

An error of a shipped component is an error of seqbench, and passes with its traceback.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from traceback import walk_tb

from seqbench.components.catalogue import Component
from seqbench.errors import GridError, SeqbenchError


class UserComponentError(GridError):
    """A user's `module:function` raised something; the cause is what it raised."""

    def __init__(self, component: str, cause: Exception) -> None:
        self.component = component
        self.problem = f"{component} raised {type(cause).__name__}: {cause}"
        super().__init__(self.problem)


@contextmanager
def user_component_errors(components: Collection[Component]) -> Iterator[None]:
    """Raise UserComponentError for what a user's component raises, identified by the modules in the traceback."""
    try:
        yield
    except SeqbenchError:
        raise
    except Exception as error:
        passed = {frame.f_globals.get("__name__") for frame, _ in walk_tb(error.__traceback__)}
        for name in (component.name for component in components):
            module, colon, _ = name.partition(":")
            if colon and not passed.isdisjoint((module, name)):  # a function of a notebook is a module of its own
                raise UserComponentError(name, error) from error
        raise
