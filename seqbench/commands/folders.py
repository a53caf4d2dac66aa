"""Which results folder a person means."""

from __future__ import annotations

from pathlib import Path

from seqbench.errors import GridError, UsageError
from seqbench.store.ownership import asks, require_own


def results_folder(name: str, results: Path) -> Path:
    """The results folder of a grid given by its file, its name, or the folder itself.

    Raises:
        UsageError: there are no results of that name.
    """
    candidates = (Path(name), results / Path(name).stem)
    for folder in candidates:
        if (folder / "plan.json").exists():
            return folder
    raise UsageError(f"There are no results in {candidates[1]}. Run the grid first: seqbench run {name}")


def own_results_folder(name: str, results: Path) -> Path:
    """The same, but results of another grid with the same name are refused if a grid's file is given.

    If the file is no longer a valid grid, the results cannot be attributed and are returned as they are.

    Raises:
        UsageError: there are no results of that name, or they are another grid's.
    """
    folder = results_folder(name, results)
    if not Path(name).is_file():
        return folder
    from seqbench.commands.own_code import read_grid_of

    try:
        grid = read_grid_of(name, results)
        if asks(folder, grid.question):  # importing JAX takes a second, and planning a large grid several
            return folder
        from seqbench.plan.plan import plan

        trials = {trial.id for trial in plan(grid).trials}
    except GridError:
        return folder
    require_own(folder, question=grid.question, trials=trials)
    return folder
