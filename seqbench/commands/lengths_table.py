"""Methods x dependency lengths, filling in while a grid is trained: how many seeds have been solved so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from seqbench.plan.plan import Plan, Trial

MOST_METHODS = 16
"""Rows of a table; a terminal has about as many."""

MOST_LENGTHS = 12
"""Columns of a table; of more, the first and the last are shown."""


class Cell(NamedTuple):
    """A method at one length: seeds solved, finished and planned, and whether one is in training."""

    solved: int = 0
    finished: int = 0
    planned: int = 0
    training: bool = False

    def shown(self) -> Text:
        """`2/3` where all seeds have finished, `1/2 of 3` before that, a dot before the first."""
        if not self.planned:
            return Text("")
        if not self.finished:
            return Text("..." if self.training else "·", style="dim")
        done = self.finished == self.planned
        text = f"{self.solved}/{self.finished}" + ("" if done else f" of {self.planned}")
        return Text(text, style="green" if done and self.solved == self.planned else "")


def lengths_tables(current: Plan, outcomes: Mapping[str, str], training: Iterable[str] = ()) -> list[Group]:
    """A table for each task whose lengths are listed; a search has other lengths for every seed, and none.

    Args:
        current: the plan.
        outcomes: of the trials that have finished, by trial.
        training: the trials that are being trained.
    """
    searched = {search.task for search in current.searches}
    purposes = {trial.purpose for trial in current.trials}
    purpose = "reporting" if "reporting" in purposes else "tuning"  # nothing is reported before it is tuned
    shown = [trial for trial in current.trials if trial.purpose == purpose and trial.task_label not in searched]
    cells = _cells(shown, outcomes, set(training))
    methods = [method.name for method in current.methods]
    return [
        _table(task, [length for name, length in cells if name == task], cells, methods, purpose)
        for task in dict.fromkeys(trial.task_label for trial in shown)
    ]


def _cells(
    trials: Iterable[Trial], outcomes: Mapping[str, str], training: set[str]
) -> dict[tuple[str, int], dict[str, Cell]]:
    """By task and length, then by method."""
    found: dict[tuple[str, int], dict[str, Cell]] = {}
    for trial in trials:
        row = found.setdefault((trial.task_label, trial.length), {})
        cell, outcome = row.get(trial.method, Cell()), outcomes.get(trial.id)
        row[trial.method] = Cell(
            cell.solved + (outcome == "solved"),
            cell.finished + (outcome is not None),
            cell.planned + 1,
            cell.training or trial.id in training,
        )
    return found


def _table(
    task: str,
    lengths: list[int],
    cells: Mapping[tuple[str, int], Mapping[str, Cell]],
    methods: list[str],
    purpose: str,
) -> Group:
    tuned = "" if purpose == "reporting" else ", while it is tuned"
    table = Table(box=None, padding=(0, 1))
    table.add_column("method", no_wrap=True)
    left_out = len(lengths) - MOST_LENGTHS
    shown = sorted(lengths)
    if left_out > 0:
        shown = shown[: MOST_LENGTHS // 2] + shown[-MOST_LENGTHS // 2 :]
    for length in shown:
        table.add_column(str(length), justify="right", no_wrap=True)
    planned = [method for method in methods if any(method in cells[task, length] for length in shown)]
    for method in planned[:MOST_METHODS]:
        table.add_row(Text(method), *(cells[task, length].get(method, Cell()).shown() for length in shown))
    if len(planned) > MOST_METHODS:
        table.add_row(f"and {len(planned) - MOST_METHODS} more")
    # A title of the table itself would be broken into lines of its width.
    return Group(Text(f"{task}: seeds solved at each dependency length{tuned}"), table)
