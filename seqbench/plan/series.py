"""A method on a task over its lengths: which programs it needs, and which trials it asks for next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from seqbench.grid.spec import Grid
from seqbench.plan.expand import Method, TaskSeries
from seqbench.plan.feasibility import Examiner, Program
from seqbench.plan.identity import canonical, trial_ids
from seqbench.plan.selection import choose
from seqbench.plan.trial import Choice, Purpose, Trial
from seqbench.plan.tuning import Candidate, Search

if TYPE_CHECKING:  # pandas takes a second to import, and a plan of a fresh grid needs none of it
    import pandas as pd


class Series(NamedTuple):
    """A method on a task.

    tried: the settings tried for it, or its own alone
    programs: for each of them, its programs at the lengths at which the method makes sense
    tuned: whether one of them is to be chosen
    """

    method: Method
    task: TaskSeries
    tried: tuple[Candidate, ...]
    programs: tuple[tuple[Program, ...], ...]
    tuned: bool


def examine_series(grid: Grid, method: Method, task: TaskSeries, searched: Search, examiner: Examiner) -> Series:
    """Examine a method on a task with each of its settings; those that differ in the learning rate alone are one.

    Raises:
        GridError: with some of its settings the method makes no sense at a length, with others it does.
    """
    tried = searched.candidates.get(method.name, (Candidate(method, {}),))
    names = [canonical(candidate.knobs) for candidate in tried]
    found: dict[str, list[Program | None]] = {}
    for name, candidate in zip(names, tried, strict=True):
        if name not in found:
            found[name] = [examiner.examine(candidate.method, task, length) for length in task.lengths]
    for place, length in enumerate(task.lengths):
        refused = [name for name, programs in found.items() if programs[place] is None]
        if 0 < len(refused) < len(found):
            reason = next(own.reason for own in reversed(examiner.impossible) if own.method == method.name)
            raise grid.document.error(
                ("tuning", "space"),
                f"{method.name} on {task.label} at length {length} makes sense with some of the values only, so not "
                f"every method would get {searched.budget} settings: {reason}",
            )
    programs = tuple(tuple(program for program in found[name] if program) for name in names)
    return Series(method, task, tried, programs, bool(programs[0]) and method.name in searched.candidates)


def series_trials(
    grid: Grid, series: Series, results: pd.DataFrame | None
) -> tuple[list[tuple[Program, Trial]], Choice | None]:
    """The trials of a method on a task over its lengths, and the setting they report with, if it is known."""
    tuning: list[tuple[Program, Trial]] = []
    place: int | None = 0
    if grid.tuning and series.tuned:
        own = [list(_trials(series, place, grid.tuning.seeds, "tuning")) for place in range(len(series.tried))]
        tuning = [made for of_setting in own for made in of_setting]
        place = choose(results, [[trial.id for _, trial in of_setting] for of_setting in own])
    if place is None:
        return tuning, None
    method, knobs = series.tried[place]
    reporting = _trials(series, place, grid.seeds, "reporting")
    return [*tuning, *reporting], Choice(method.name, series.task.label, method.learning_rate, knobs)


def _trials(series: Series, place: int, seeds: Sequence[int], purpose: Purpose) -> Iterator[tuple[Program, Trial]]:
    """Every length with every seed, with the setting at this place."""
    method, knobs = series.tried[place]
    rate = float(method.learning_rate)
    for program in series.programs[place]:
        identify = trial_ids({**program.fixed, "learning_rate": rate})
        for seed in seeds:
            yield (
                program,
                Trial(
                    id=identify(seed),
                    method=method.name,
                    factors=method.factors,
                    task=program.task,
                    task_label=series.task.label,
                    length=program.length,
                    seed=seed,
                    learning_rate=rate,
                    knobs=knobs,
                    purpose=purpose,
                    fixed=program.fixed,
                ),
            )
