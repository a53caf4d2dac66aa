"""The progress display of a running grid: trials finished, time left, and outcomes.

On a terminal a live table; into a pipe or a file, one line every half minute.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from seqbench.commands.lengths_table import lengths_tables
from seqbench.commands.searches import bracket_in_words, searches_in_words
from seqbench.execution.events import Crashed, Event, Finished, IntervalDone, Started
from seqbench.plan.horizon import SeedSearch
from seqbench.plan.plan import Plan, Trial

LINE_EVERY = 30.0
"""Seconds between lines where there is no terminal."""


class Board:
    """Counts events and shows them. Use as a context manager."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._live: Live | None = None
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self._task = self._bar.add_task("trials", total=None, left="")
        self._running: dict[str, tuple[Trial, str]] = {}
        self._outcomes: Counter[str] = Counter()
        self._plan: Plan | None = None
        self._known: dict[str, str] = {}
        self._searches: dict[tuple[str, str, int, str], SeedSearch] = {}
        self._total = self._done = self._before = 0
        self._expected = 0.0
        self._began = self._last_line = time.monotonic()

    def __enter__(self) -> Board:
        if self._console.is_terminal and not self._quiet:
            self._live = Live(get_renderable=self._picture, console=self._console, transient=True)
            self._live.start(refresh=True)  # lines said before the first picture would each draw one of their own
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def start(self, current: Plan, *, finished: int, outcomes: Mapping[str, str] | None = None, only: int = 0) -> None:
        """A plan begins, or a grid that is tuned or searches has been planned again.

        Args:
            current: the plan.
            finished: how many of its trials have finished.
            outcomes: theirs, by trial.
            only: how many trials are trained, whether they have finished before or not; 0: all that are missing.
        """
        if self._plan is None:
            self._done = self._before = 0 if only else finished
            self._began = time.monotonic()
        self._plan, self._known = current, dict(outcomes or {}) | self._known
        self._total = only or len(current.trials)
        self._expected = only or current.expected_trials
        self._searches = {(each.method, each.task, each.seed, each.purpose): each for each in current.searches}

    def say(self, line: str) -> None:
        """Print one line above the board; any thread may call it.

        Anything else that writes to the terminal would garble the board: warnings of the mirror and the standard
        error of workers come through here.
        """
        if shown := plain_line(line):
            self._console.print(Text(shown), soft_wrap=True)

    def observe(self, trial: Trial, event: Event) -> None:
        """Take in one event and show what changed."""
        match event:
            case Started():
                self._running[trial.id] = trial, "compiling"
            case IntervalDone(step=step, accuracy=accuracy):
                shown = "not finite" if accuracy is None else f"accuracy {accuracy:.2f}"
                self._running[trial.id] = trial, f"step {step:,}, {shown}"
            case Finished(row=row):
                self._end(trial, row["outcome"])
                self._known[trial.id] = row["outcome"]
            case Crashed():
                self._end(trial, "crashed")
        self._bar.update(self._task, completed=self._done, total=self._total, left=self._left())
        if self._live is None and not self._quiet and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            self._console.print(self._line(), markup=False, soft_wrap=True)

    def _end(self, trial: Trial, outcome: str) -> None:
        self._running.pop(trial.id, None)
        self._outcomes[outcome] += 1
        self._done += 1

    def _left(self) -> str:
        """Estimate of the remaining time from the pace so far."""
        trained = self._done - self._before
        if not trained or self._done >= self._expected:
            return ""
        seconds = (time.monotonic() - self._began) / trained * (self._expected - self._done)
        return f"about {duration(seconds)} left"

    def _counts(self) -> str:
        return ", ".join(f"{count} {outcome}" for outcome, count in self._outcomes.most_common())

    def _line(self) -> str:
        searches = searches_in_words(list(self._searches.values()))
        parts = (f"{self._done} of {self._total} trials", f"{len(self._running)} running", self._left(), self._counts(),
                 searches)  # fmt: skip
        return ", ".join(filter(None, parts))

    def _picture(self) -> Group:
        running = [
            # A string would be markup on one console and none on another.
            Text(f"  {self._named(trial)}: {state}")
            for trial, state in self._running.values()
        ]
        searches = searches_in_words(list(self._searches.values()))
        tables = lengths_tables(self._plan, self._known, self._running) if self._plan else []
        return Group(self._bar, *running, "  " + ", ".join(filter(None, (self._counts(), searches))), *tables)

    def _named(self, trial: Trial) -> str:
        """A trial in words, with what is known of its horizon."""
        return f"{trial.method} on {trial.task_label} {trial.length}, seed {trial.seed}{self._bracket(trial)}"

    def _bracket(self, trial: Trial) -> str:
        """What is known of the horizon that a trial is to tell more about; empty for a list of lengths."""
        search = self._searches.get((trial.method, trial.task_label, trial.seed, trial.purpose))
        return f" ({bracket_in_words(search)})" if search and search.finished else ""


def plain_line(line: str) -> str:
    """A line without control characters, so that a worker cannot move the cursor."""
    plain = Text.from_ansi(line.strip().expandtabs()).plain
    return "".join(character for character in plain if character.isprintable())


def duration(seconds: float) -> str:
    """A number of seconds in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
