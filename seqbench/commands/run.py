"""`seqbench run`: train what is missing, mirror it, report it, and say where everything is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from seqbench.commands.console import progress
from seqbench.commands.crashes import last_lines
from seqbench.commands.interrupt import Interrupted
from seqbench.commands.progress import Board
from seqbench.commands.summary import print_summary
from seqbench.errors import TrialsCrashed, UsageError
from seqbench.execution.events import Crashed, Event
from seqbench.execution.run import Found, Summary, run_grid
from seqbench.grid.read import find_grid, read_grid
from seqbench.grid.spec import Grid
from seqbench.invocation import command
from seqbench.plan.plan import Plan, Trial
from seqbench.tracking.live import LiveMirror


def run(
    name: str,
    results: Path,
    *,
    tracking: bool,
    tracking_uri: str | None,
    workers: int,
    only: str | None,
    quiet: bool,
) -> None:
    """Run a grid by name or file.

    Raises:
        TrialsCrashed: some trials crashed; the rest is done and reported.
    """
    path = find_grid(name)
    grid = read_grid(path)
    folder = results / grid.name
    console = progress()  # one for all: what another writes while the board is drawn tears it
    board = Board(console, quiet=quiet)
    mirror = LiveMirror(folder, tracking_uri=tracking_uri, warn=board.say) if tracking else None
    again = command("run", name, results)
    crashes: list[str] = []
    with _stopping(folder, again):
        summary = _train(grid, folder, board, mirror, crashes, workers=workers, only=only, quiet=quiet)
        _report(folder, console, mirror)
    print_summary(folder, name, mirror.links if mirror else None)
    if summary.crashed:
        raise TrialsCrashed(
            f"{summary.crashed} trials crashed:\n{last_lines(crashes)}\n"
            f"The tracebacks stand in {folder / 'failures'}. They count as missing: {again} tries them again."
        )


def _train(
    grid: Grid,
    folder: Path,
    board: Board,
    mirror: LiveMirror | None,
    crashes: list[str],
    *,
    workers: int,
    only: str | None,
    quiet: bool,
) -> Summary:
    """Train with the board on the screen and the mirror beside it. `crashes` takes the tracebacks of crashed trials."""
    announced: list[Plan] = []

    def found(current: Plan, state: Found) -> None:
        if only is not None and only not in {trial.id for trial in current.trials}:
            raise UsageError(f"{grid.name} has no trial {only}; see {folder / 'plan.json'} for those it has")
        if not current.trials:
            reasons = "\n".join(f"  {each.method} on {each.task}: {each.reason}" for each in current.incompatible)
            raise UsageError(f"{grid.name} has nothing to train: no combination makes sense.\n{reasons}")
        known = len(announced[-1].trials) if announced else None
        if known != len(current.trials):  # at the end nothing is new, after tuning there is
            for line in () if quiet else describe_found(current, state, only=only).splitlines():
                board.say(line)
        announced.append(current)
        board.start(current, finished=state.finished)

    def observe(trial: Trial, event: Event) -> None:
        if isinstance(event, Crashed):
            crashes.append(event.traceback)
        board.observe(trial, event)

    with board, mirror or contextlib.nullcontext():
        return run_grid(grid, folder, workers=workers, only=only, found=found, observe=observe, say=board.say)


def describe_found(current: Plan, state: Found, *, only: str | None = None) -> str:
    """What was there before training began, in a line or two."""
    lines = []
    if state.unfinished_run:
        since = state.unfinished_run.get("since", "an unknown time")
        lines.append(f"The previous run, begun {since}, ended without a goodbye (killed or power loss).")
    lines += [
        f"{path.name} failed its checksum and was moved to {path.parent}; its trial runs again."
        for path in state.damaged
    ]
    left = state.planned - state.finished
    waiting = f", {current.waiting:,} wait for tuning" if current.waiting else ""
    verb = "Resuming" if state.finished and left else "Found"
    halfway = f" ({state.begun:,} of them begun before)" if state.begun else ""
    work = f"training {only} alone" if only else f"{left:,} to train{halfway}{waiting}"
    lines.append(f"{verb}: {state.finished:,} of {state.planned:,} trials finished, {work}.")
    if state.lacking:
        lines.append(
            f"{state.lacking:,} finished trials lack the probes or parameters that the grid asks for by now; "
            "they train again, to the same numbers."
        )
    lines += [f"Left out: {reason.method} on {reason.task}: {reason.reason}" for reason in current.incompatible]
    return "\n".join(lines)


def _report(folder: Path, console: Console, mirror: LiveMirror | None) -> None:
    """Write the report and complete the mirror."""
    from seqbench.report.build import build_report

    with console.status("Writing the report"):
        build_report(folder)
    if mirror:
        with console.status("Completing the MLflow mirror"):
            mirror.complete()


@contextlib.contextmanager
def _stopping(folder: Path, again: str) -> Iterator[None]:
    """On a signal, say that nothing is lost and how to go on."""
    try:
        yield
    except Interrupted as signal:
        finished = len(list((folder / "trials").glob("*.json")))
        progress().print(
            f"Stopped by {signal}. {finished} finished trials are kept. Continue with: {again}",
            markup=False,
        )
        raise
