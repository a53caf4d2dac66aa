"""`seqbench run`: train what is missing, mirror it, report it, and say where everything is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from seqbench import compilation_cache
from seqbench.commands.asked import Asked
from seqbench.commands.console import progress
from seqbench.commands.counted import counted
from seqbench.commands.crashes import reasons_counted
from seqbench.commands.interrupt import Interrupted
from seqbench.commands.overrides import describe_overrides
from seqbench.commands.progress import Board
from seqbench.commands.summary import print_summary
from seqbench.errors import StoreError, TrialsCrashed
from seqbench.execution.events import Crashed, Event
from seqbench.execution.machine import LOCAL
from seqbench.execution.run import RoundStart, run_grid
from seqbench.execution.time_limit import limit_of
from seqbench.execution.where import place_named
from seqbench.grid.spec import Grid
from seqbench.plan.feasibility import reasons_in_words
from seqbench.plan.plan import Plan, Trial
from seqbench.store import tables
from seqbench.store.failures import Failure
from seqbench.store.from_tables import unusable
from seqbench.store.results import Results
from seqbench.store.trials import TrialStore
from seqbench.tracking.live import LiveMirror
from seqbench.tracking.mirror import Links


def run(
    asked: Asked,
    *,
    tracking: bool,
    tracking_uri: str | None,
    workers: int | None,
    only: set[str] | None,
    quiet: bool,
    again: str,
    on: str = LOCAL,
    time_limit: float | None = None,
    from_tables: bool = False,
) -> None:
    """Run a grid; `again` is the command that goes on with it, `time_limit` the minutes for a trial, or the default.

    `on` names the place of its workers; see `seqbench.execution.where`.

    Raises:
        TrialsCrashed: some trials crashed; the rest is done and reported.
    """
    grid = asked.read()
    folder = asked.folder_of(grid)
    train = partial(run_grid, grid, folder, workers=workers, place=place_named(on), only=only, from_tables=from_tables,
                    limit=limit_of(time_limit))  # fmt: skip
    console = progress()  # the only one: anything else written while the board is drawn would garble it
    board = Board(console, quiet=quiet)
    mirror = LiveMirror(folder, tracking_uri=tracking_uri, warn=board.say) if tracking else None
    display = RunDisplay(grid, folder, board, quiet=quiet)
    for line in _notices(folder, from_tables=from_tables):
        board.say(line)
    with _stopping(folder, again):
        found, links = _followed(train, folder, display, board, mirror, console)
    print_summary(found, folder, links)
    _require_no_crash(display.crashes, folder, again)


def _followed(
    train: Callable[..., Results], folder: Path, display: RunDisplay, board: Board, mirror: LiveMirror | None,
    console: Console,
) -> tuple[Results, Links | None]:  # fmt: skip
    """Train with the board and the mirror following, then write the report and complete the mirror."""
    links: list[Links | None] = []

    def finish(found: Results) -> None:
        """Called while no other process can run this grid: two at once would double the mirror's runs."""
        live.close()
        _write_report(found, folder, console)
        links.append(_complete(mirror, found, console) if mirror else None)

    with contextlib.ExitStack() as live:
        live.enter_context(board)
        live.enter_context(mirror or contextlib.nullcontext())
        found = train(found=display.found, observe=display.observe, finish=finish, say=board.say)
    return found, links[0]


def _notices(folder: Path, *, from_tables: bool) -> Iterator[str]:
    """What should be known before a run begins."""
    if line := compilation_cache.problem():
        yield line
    if not from_tables and tables.alone(folder):
        yield f"{folder} came with its tables alone. They are made again; --from-tables goes on from them instead."
    with contextlib.suppress(StoreError):  # damaged tables are put aside, and said, when they are read
        if from_tables and (count := unusable(folder)):
            yield (
                f"{count:,} trials in the tables of {folder} are trained again: they are of an earlier version, which "
                "did not keep what they ran on or which probes were read, or counted divergence by another rule."
            )


def _require_no_crash(crashes: Sequence[Failure], folder: Path, again: str) -> None:
    if crashes:
        raise TrialsCrashed(
            f"{counted(len(crashes))} crashed:\n{reasons_counted(crashes)}\n"
            f"The tracebacks are in {folder / 'failures'}, and what the trials printed is in {folder / 'logs'}. "
            f"They count as missing: {again} tries them again."
        )


class RunDisplay:
    """Shows a run as it goes: what was found before each round, and every event.

    crashes: why trials crashed
    """

    def __init__(self, grid: Grid, folder: Path, board: Board, *, quiet: bool) -> None:
        self.crashes: list[Failure] = []
        self._grid, self._folder, self._board, self._quiet = grid, folder, board, quiet
        self._choices: int | None = None

    def found(self, current: Plan, state: RoundStart) -> None:
        """Say what is there, at first and whenever tuning has chosen something, and begin to count.

        Raises:
            UsageError: there is nothing to train.
        """
        current.require_trials()
        if not self._quiet:  # what a search goes on with is on the board
            for line in self._news(current, state):
                self._board.say(line)
        self._choices = len(current.choices)
        self._board.start(current, finished=state.finished, outcomes=state.outcomes, only=len(state.only))

    def _news(self, current: Plan, state: RoundStart) -> Iterator[str]:
        """What was found before the first round; before a later one, what tuning has chosen since."""
        if self._choices is None:
            if self._grid.overrides:
                yield f"{describe_overrides(self._grid)}. Results: {self._folder}"
            yield from describe_found(current, state).splitlines()
        elif self._choices != len(current.choices):
            yield f"Tuned: {describe_count(current, state)}"

    def observe(self, trial: Trial, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, Crashed):
            self.crashes.append(Failure(event.reason, event.traceback))
        self._board.observe(trial, event)


def describe_found(current: Plan, state: RoundStart) -> str:
    """What was there before training began, in a line or two."""
    lines = []
    if state.interrupted:
        since = state.interrupted.get("since", "an unknown time")
        lines.append(f"The previous run, started {since}, was interrupted: it was killed, or the power failed.")
    lines += [
        f"{path.name} {reason} and was moved to {path.parent}; what it held is trained again."
        for path, reason in state.set_aside
    ]
    verb = "Resuming" if 0 < state.finished < state.planned else "Found"
    lines.append(f"{verb}: {describe_count(current, state)}")
    if state.outdated and not state.only:
        lines.append(
            f"{counted(state.outdated, 'finished trial', 'lacks', 'lack')} the probes, tests or parameters that the "
            "grid now asks for: trained again, to the same numbers."
        )
    lines += [f"Left out: {line}" for line in reasons_in_words(current.incompatible)]
    return "\n".join(lines)


def describe_count(current: Plan, state: RoundStart) -> str:
    """`20 of 60 trials finished, 40 to train, 120 wait for tuning`, as a sentence."""
    waiting = f", {current.waiting:,} wait for tuning" if current.waiting else ""
    halfway = f" ({state.begun:,} of them continue)" if state.begun else ""
    alone = f"{len(state.only):,} trials" if len(state.only) > 1 else "".join(state.only)
    left = f"{state.planned - state.finished:,} to train{halfway}{waiting}"
    work = f"training {alone} alone" if state.only else left
    return f"{state.finished:,} of {state.planned:,} trials finished, {work}."


def _write_report(results: Results, folder: Path, console: Console) -> None:
    from seqbench.report.build import report  # matplotlib is imported only where a report is written

    with console.status("Writing the report"):
        report(results, folder)


def _complete(mirror: LiveMirror, results: Results, console: Console) -> Links | None:
    with console.status("Completing the MLflow mirror"):
        return mirror.complete(results)


@contextlib.contextmanager
def _stopping(folder: Path, again: str) -> Iterator[None]:
    """On a signal, print that finished trials are kept and how to continue."""
    try:
        yield
    except Interrupted as signal:
        finished = len(TrialStore(folder).names())
        progress().print(
            f"Stopped by {signal}. {counted(finished, 'finished trial', 'is', 'are')} kept. Continue with: {again}",
            markup=False,
        )
        signal.announced = True
        raise
