"""How it is shown: tables, figures, document. Called, it is `seqbench.report(results)`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqbench.store.results import Results


class _Package(ModuleType):
    """A package that can be called: `seqbench.report` is both the folder of the report and what a user calls."""

    def __call__(self, results: Results | str | Path, folder: str | Path | None = None) -> Path:
        """Write the report of results: `report.html`, `report.md`, figures and tables.

            seqbench.report(results)

        Args:
            results: what `seqbench.run` and `seqbench.load` return, or the folder of results.
            folder: where it is written; by default beside the results.

        Returns:
            The path of `report.html`.

        Raises:
            UsageError: the results have no folder, and none is given, or there are none in it.
            StoreError: the folder cannot be written.
        """
        from seqbench.report.build import report

        return report(results, folder)


sys.modules[__name__].__class__ = _Package
