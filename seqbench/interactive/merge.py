"""`seqbench.merge`: results of one grid that were made on several machines, from Python."""

from __future__ import annotations

import warnings
from pathlib import Path

from seqbench.commands.merge import asked_of, notices
from seqbench.errors import LeftOutWarning
from seqbench.execution.merge import merge_folders
from seqbench.store.results import Results


def merge(*folders: str | Path, into: str | Path, grid: str | Path | None = None, keep_first: bool = False) -> Results:
    """Merge results folders of one grid into another folder, and return all that it then holds.

        results = seqbench.merge("from_a/quickstart", "from_b/quickstart", into="results/quickstart")

    Args:
        folders: results folders, with trial files or with committed tables alone; they are only read.
        into: the folder to write to; made if absent. What it holds already comes before all others and is kept.
        grid: the file or name of a grid that asks for the trials of all; needed if they were run with different ones.
        keep_first: of trials with other numbers elsewhere, keep those of the folder named first.

    Warns:
        LeftOutWarning: a file cannot be used and its trial counts as missing, or something else should be known.

    Raises:
        MergeConflict: trials have other numbers elsewhere (`conflicts`); nothing is written.
        UsageError: a folder holds no results, or those of another grid. StoreError: a plan or a table is damaged.
        GridBusy: another process runs the grid in `into`.
    """
    sources, target = [Path(folder) for folder in folders], Path(into)
    asked = asked_of(sources, target, None if grid is None else str(grid))
    merged = merge_folders(sources, target, asked.read, keep_first=keep_first)
    for line in notices(merged):
        warnings.warn(line, LeftOutWarning, 2)
    return merged.results
