"""`seqbench.run`: a grid from Python, in a notebook or a script."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from seqbench.commands.arguments import workers_of
from seqbench.commands.console import progress as progress_console
from seqbench.commands.counted import counted
from seqbench.commands.crashes import reasons_counted
from seqbench.commands.progress import Board
from seqbench.commands.run import RunDisplay
from seqbench.errors import TrialsCrashed
from seqbench.execution.machine import LOCAL
from seqbench.execution.place import Place
from seqbench.execution.run import run_grid
from seqbench.execution.time_limit import Limit, limit_of
from seqbench.execution.where import place_named
from seqbench.grid.given import Added, Function, Given, Overrides, grid_given
from seqbench.grid.spec import Grid
from seqbench.interactive.notebook_board import NotebookBoard
from seqbench.store import tables
from seqbench.store.results import Results
from seqbench.tracking.live import LiveMirror


def run(
    grid: Given,
    *,
    name: str | None = None,
    overrides: Overrides = (),
    results: str | Path = "results",
    workers: int | None = None,
    on: str = LOCAL,
    tasks: Sequence[Function] = (),
    cells: Sequence[Function] = (),
    mitigations: Sequence[Function] = (),
    tracking: bool | str = False,
    time_limit: float | None = None,
    from_tables: bool = False,
    quiet: bool = False,
) -> Results:
    """Train what is missing of a grid, and return all that there is of it then. What has finished is kept at once.

    Args:
        grid: a file, the name of a shipped grid, YAML text, or Python values as a grid file has them, in which a
            component may be its function (`{"cell": my_cell}`, `{"cell": {my_cell: {"leak": 0.2}}}`).
        name: names the folder of the results, in place of the file's name; without a file the question names it.
        overrides: values that replace those of the grid: `{"training.steps": 200, "methods[GRU].cell": "lstm"}`.
        results: the folder that holds one folder of results a grid.
        workers: workers at once; by default one a core.
        on: where they run: `local`, `ray` for the cluster that this machine belongs to, or `ray://HOST:PORT`.
        tasks: functions of your own, of a module or of the notebook, that join the tasks, unless the grid names them.
        cells: the same (`cells=[my_cell]`), each of which becomes a method of its name.
        mitigations: the same, each of which becomes a method of its name, on the grid's cell.
        tracking: whether it is mirrored to MLflow, with its report: to the local store, or to the server at an address.
        time_limit: minutes that one trial may take, by default 30 times its estimate, at least 15.
        from_tables: go on from the tables of a folder without trial files, as in a clone; else all is trained.
        quiet: whether to show nothing.

    Raises GridError or NotCarried for a grid that cannot be read and a function that cannot be taken to the workers,
    UsageError, GridBusy or StoreError as `run_grid`; TrialsCrashed has the `results` of the rest, and `tracebacks`.
    """
    asked = grid_given(grid, name=name, overrides=overrides, added=Added(tasks, cells, mitigations))
    where = _Where(Path(results) / asked.name, workers_of(workers, on), place_named(on))
    return _train(asked, where, tracking=tracking, quiet=quiet, limit=limit_of(time_limit), from_tables=from_tables)


class _Where(NamedTuple):
    """The results folder of a grid, and where and by how many workers it is trained."""

    folder: Path
    workers: int | None
    place: Place


def _train(grid: Grid, where: _Where, *, tracking: bool | str, quiet: bool, limit: Limit, from_tables: bool) -> Results:
    folder = where.folder
    board = _board(quiet)
    display = RunDisplay(grid, folder, board, quiet=quiet)
    if not from_tables and tables.alone(folder):
        board.say(f"{folder} came with its tables alone. They are made again; from_tables=True goes on from them.")
    uri = tracking if isinstance(tracking, str) else None
    mirror = LiveMirror(folder, tracking_uri=uri, warn=board.say) if tracking else None

    def finish(found: Results) -> None:
        live.close()
        if mirror:
            from seqbench.report.build import report  # matplotlib is imported only where a report is written

            report(found, folder)  # the mirror takes what lies there, which may be that of an earlier run
            mirror.complete(found)

    with _stopping(board), contextlib.ExitStack() as live:
        live.enter_context(board)
        live.enter_context(mirror or contextlib.nullcontext())
        found = run_grid(grid, folder, workers=where.workers, place=where.place, found=display.found,
                         observe=display.observe, finish=finish, say=board.say, limit=limit,
                         from_tables=from_tables)  # fmt: skip
    if display.crashes:
        problem = (
            f"{counted(len(display.crashes))} crashed:\n{reasons_counted(display.crashes)}\nThey count as missing."
        )
        tracebacks = [failure.traceback or failure.reason for failure in display.crashes]
        raise TrialsCrashed(problem, tracebacks=tracebacks, results=found)
    return found


@contextlib.contextmanager
def _stopping(board: Board) -> Iterator[None]:
    """Where the notebook's stop button or Ctrl-C ends a run, say that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        board.say("Stopped. What has finished is kept; the same call goes on from there.")
        raise


def _board(quiet: bool) -> Board:
    """Where progress is shown: in the notebook if there is one, else on standard error."""
    in_notebook = Console().is_jupyter and not quiet
    return NotebookBoard() if in_notebook else Board(progress_console(), quiet=quiet)
