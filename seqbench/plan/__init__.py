"""What to run: from a grid, and what has finished of it, to trials. Called, it is `seqbench.plan(grid)`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqbench.grid.given import Given, Overrides
    from seqbench.plan.plan import Plan


class _Package(ModuleType):
    """A package that can be called: `seqbench.plan` is both the folder of planning and what a user calls."""

    def __call__(
        self,
        grid: Given,
        *,
        name: str | None = None,
        overrides: Overrides = (),
        tasks: Sequence[Callable[..., Any]] = (),
        cells: Sequence[Callable[..., Any]] = (),
        mitigations: Sequence[Callable[..., Any]] = (),
    ) -> Plan:
        """What a grid would run from nothing: methods, trials, groups and impossible pairs. Trains nothing.

            seqbench.plan("quickstart").estimate(workers=2).seconds

        Args:
            grid: a file, the name of a shipped grid, YAML text, or Python values; see `seqbench.grid.given`.
            name: names the results, in place of the file's name.
            overrides: values that replace those of the grid, as in `seqbench.run`.
            tasks: functions of your own that join the grid, as in `seqbench.run`.
            cells: the same.
            mitigations: the same.

        Raises:
            GridError: the grid cannot be read; `problems` says what and where.
        """
        from seqbench.grid.given import Added, grid_given
        from seqbench.plan.plan import plan

        return plan(grid_given(grid, name=name, overrides=overrides, added=Added(tasks, cells, mitigations)))


sys.modules[__name__].__class__ = _Package
