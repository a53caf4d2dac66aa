"""Problems of parts that are checked one after the other, told together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seqbench.errors import GridError, Problem
from seqbench.grid.document import in_order


class Gathered:
    """Collects what is wrong with each part of a grid, so that the next part is checked as well."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    @contextmanager
    def part(self) -> Iterator[None]:
        """One part: its problems are kept and the code goes on after it. An error without a place is raised at once."""
        try:
            yield
        except GridError as error:
            if not error.problems:
                raise
            self.problems += error.problems

    def require_none(self) -> None:
        """Raise GridError with all that was kept, in the order of the file."""
        if self.problems:
            raise GridError(problems=in_order(self.problems))
