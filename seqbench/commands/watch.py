"""`seqbench status --watch`: a grid that is run in another terminal or on another machine, followed to its end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from seqbench.commands.asked import Asked
from seqbench.commands.console import out
from seqbench.commands.counted import counted
from seqbench.commands.interrupt import Interrupted
from seqbench.commands.lengths_table import lengths_tables
from seqbench.commands.progress import duration
from seqbench.commands.searches import search_table, searches_in_words
from seqbench.errors import UsageError
from seqbench.execution.known import Known, known, looked_at
from seqbench.execution.remaining import complete
from seqbench.plan.examined import examine
from seqbench.plan.plan import Plan, plan_examined
from seqbench.store import tables
from seqbench.store.from_tables import records_from_tables
from seqbench.store.lock import holder
from seqbench.store.ownership import require_own
from seqbench.store.plan_file import lengths_planned_in
from seqbench.store.records import UnusableRecord
from seqbench.store.trials import TrialStore

LOOK_EVERY = 2.0
"""Seconds between two looks at the folder."""

LINE_EVERY = 30.0
"""Seconds between lines where there is no terminal."""

PACE_OF = 3600.0
"""Seconds of the past that the pace is taken from."""

BAR_WIDTH = 40


class Look(NamedTuple):
    """What a results folder holds at one moment.

    outcomes: of the trials of the plan that have finished, by trial
    run: what the process that runs the grid has noted; None if no process does
    per_hour: trials that finish in an hour at the present pace; None before two have finished
    """

    plan: Plan
    outcomes: Mapping[str, str]
    run: Mapping[str, object] | None
    per_hour: float | None

    @property
    def over(self) -> bool:
        """Whether everything has finished and no process runs it."""
        return self.run is None and len(self.outcomes) >= len(self.plan.trials) and not self.plan.unfolding


def watch(asked: Asked, *, as_json: bool = False) -> None:
    """Show how far a grid is until all of it has finished, or until Ctrl-C, which is no error.

    Raises:
        GridError: the grid cannot be read. UsageError: the folder holds the results of another grid of this name, or
            JSON was asked for, which is printed once.
    """
    if as_json:
        raise UsageError("--watch draws, and --json prints once: give one of them")
    console, grid = out(), asked.read()
    folder = asked.folder_of(grid)
    examined = examine(grid, bounded=False, trained=lengths_planned_in(folder))
    again = asked.command("run", *tables.option(folder))

    seen = Seen(TrialStore(folder))

    def look() -> Look:
        found = [*seen.finished(), *map(known, records_from_tables(folder))]
        current = plan_examined(examined, looked_at(found))
        trials = {trial.id: trial for trial in current.trials}
        require_own(folder, question=grid.question, trials=trials.keys())
        finished = {
            each.trial: each.outcome
            for each in found
            if each.trial in trials and complete(each, trials[each.trial], grid, folder)
        }
        times = [when for trial, when in seen.written.items() if trial in finished]
        return Look(current, finished, holder(folder), trials_an_hour(times, time.time()))

    with contextlib.suppress(Interrupted):
        (_follow if console.is_terminal else _print_lines)(console, look, again)


def _follow(console: Console, look: Callable[[], Look], again: str) -> None:
    """A picture that is drawn anew, and stays at the end."""
    now = look()
    with Live(picture(now, again), console=console, auto_refresh=False) as live:
        while not now.over:
            time.sleep(LOOK_EVERY)
            now = look()
            live.update(picture(now, again), refresh=True)


def _print_lines(console: Console, look: Callable[[], Look], again: str) -> None:
    """A line every half minute, and one at the end."""
    while not (now := look()).over:
        console.print(line(now, again))
        time.sleep(LINE_EVERY)
    console.print(line(now, again))


class Seen:
    """What has finished in a folder: each trial file is read once, and again if it is written anew.

    written: when each finished, in seconds since the epoch: when its file was written
    """

    def __init__(self, store: TrialStore) -> None:
        self.written: dict[str, float] = {}
        self._store = store
        self._known: dict[str, Known] = {}

    def finished(self) -> list[Known]:
        """The trials that have finished by now."""
        now = self._store.written()
        self._known = {trial: each for trial, each in self._known.items() if trial in now}
        for trial in [trial for trial, when in now.items() if self.written.get(trial) != when]:
            with contextlib.suppress(UnusableRecord):
                if (record := self._store.find(trial)) is not None:
                    self._known[trial] = known(record)
        self.written = now
        return list(self._known.values())


def trials_an_hour(times: Sequence[float], now: float) -> float | None:
    """The pace of the last hour: trials after the first of it, by the time since then."""
    recent = sorted(time for time in times if now - PACE_OF <= time <= now)
    if len(recent) < 2 or now == recent[0]:
        return None
    return 3600 * (len(recent) - 1) / (now - recent[0])


def line(look: Look, again: str) -> str:
    """How far a grid is, in one line."""
    searches = searches_in_words(list(look.plan.searches))
    return ", ".join(filter(None, (_finished(look), searches, _pace(look), _run(look, again))))


def picture(look: Look, again: str) -> RenderableType:
    """How far a grid is, on a terminal: the run, the pace, methods x lengths, and the bracket of every search."""
    bar = ProgressBar(total=max(look.plan.expected_trials, 1), completed=len(look.outcomes), width=BAR_WIDTH)
    tables = lengths_tables(look.plan, look.outcomes)
    searches = [search_table(look.plan.searches)] if look.plan.searches else []
    pace = _pace(look)
    lined = Table.grid()  # a bar alone ends no line
    lined.add_row(bar)
    return Group(f"{look.plan.grid.name}: {_finished(look)}", lined, _run(look, again), *([pace] if pace else []),
                 *tables, *searches)  # fmt: skip


def _finished(look: Look) -> str:
    """`12 of 60 trials finished`; of searches and tuning, how many more are expected."""
    more = round(look.plan.expected_trials) - len(look.plan.trials)
    expected = f", about {more:,} more to come" if more else ""
    return f"{len(look.outcomes):,} of {len(look.plan.trials):,} trials finished{expected}"


def _pace(look: Look) -> str:
    """Trials an hour and the time left; empty where no run is going on or the pace is not known yet."""
    if look.run is not None and len(look.outcomes) >= look.plan.expected_trials:
        return "nothing is left to train: the report is written next"
    if look.run is None or not look.per_hour:
        return ""
    left = duration(3600 * (look.plan.expected_trials - len(look.outcomes)) / look.per_hour)
    return f"{look.per_hour:,.0f} trials an hour, about {left} left"


def _run(look: Look, again: str) -> str:
    """Who runs the grid, with how many workers; or how to go on."""
    if look.run is None:
        return "nothing is left to train" if look.over else f"no process runs it; go on with: {again}"
    workers = f" with {counted(number, 'worker')}" if isinstance(number := look.run.get("workers"), int) else ""
    return f"run by process {look.run.get('process', '?')} on {look.run.get('host', '?')}{workers}, since " + str(
        look.run.get("since", "?")
    )
