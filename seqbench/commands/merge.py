"""`seqbench merge`: results of one grid that were made on several machines, in one folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.commands.counted import counted
from seqbench.errors import UsageError
from seqbench.execution.merge import Merged, merge_folders
from seqbench.grid.document import document_of
from seqbench.printable import printable
from seqbench.store.plan_file import load_plan


def merge(
    folders: Sequence[Path], into: Path, *, grid: str | None, overrides: tuple[str, ...], keep_first: bool
) -> None:
    """Merge results folders into another one, and say what it then holds.

    Raises:
        MergeConflict: trials have other numbers elsewhere. UsageError: folders are not of one grid.
        StoreError: a plan or a table is damaged.
    """
    asked = asked_of(folders, into, grid, overrides)
    with progress().status("Merging"):
        merged = merge_folders(folders, into, asked.read, keep_first=keep_first)
    for line in notices(merged):
        progress().print(printable(line), markup=False)
    results = merged.results
    finished, planned, waiting = len(results.finished), len(results.trials), results.plan.waiting
    later = f", and {waiting:,} wait for tuning" if waiting else ""
    console = out()
    console.print(f"{into} holds {finished:,} of {planned:,} trials{later}; {merged.added:,} were added.")
    here = Asked(into.name, into.parent)
    verb = "report" if finished == planned and not waiting else "run"
    console.print(f"{'Its report' if verb == 'report' else 'Train what is missing'}: {here.command(verb)}")


def asked_of(folders: Iterable[Path], into: Path, grid: str | None, overrides: tuple[str, ...] = ()) -> Asked:
    """The grid that a merge is of: the one given, else the one that was last run into all of the folders.

    Raises:
        UsageError: a folder holds no results, or they were run with different grids and none is given.
        StoreError: a plan is damaged.
    """
    plans = {folder: load_plan(folder) for folder in folders}
    if not plans:
        raise UsageError("there is nothing to merge: name the results folders")
    if grid is not None or overrides:
        given = grid or str(next(iter(plans)).absolute())
        return Asked(given, into.parent, overrides, into.name)
    if (into / "plan.json").exists():
        plans = {into: load_plan(into), **plans}
    first, *others = plans
    data = {folder: document_of(plan.grid_text, file=str(folder / "plan.json")).data for folder, plan in plans.items()}
    if different := [folder for folder in others if data[folder] != data[first]]:
        raise UsageError(
            f"{first} and {different[0]} were run with different grids. Name the grid that asks for the trials of "
            "both: --grid GRID"
        )
    return Asked(str(first.absolute()), into.parent, (), into.name)


def notices(merged: Merged) -> list[str]:
    """What should be known of a merge beside its result, a line each."""
    lines = [f"{path} {reason}." for path, reason in merged.left_out]
    lines += [f"Kept that of the folder named first: {conflict}" for conflict in merged.conflicts]
    if merged.unplanned:
        lines.append(f"{counted(merged.unplanned, 'finished trial', 'is', 'are')} kept that the grid does not ask for.")
    return lines
