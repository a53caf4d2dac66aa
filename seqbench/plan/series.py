"""A method on a task over its lengths: which configurations it needs, and which trials it asks for next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seqbench.canonical import canonical
from seqbench.grid.spec import Grid
from seqbench.plan.expand import Method
from seqbench.plan.feasibility import Configuration, Examiner
from seqbench.plan.horizon import Searched, SeedSearch, ToCome, search_lengths, still_to_come
from seqbench.plan.identity import trial_ids
from seqbench.plan.search import checked_seeds
from seqbench.plan.selection import KnownResults, choose
from seqbench.plan.task_series import TaskSeries
from seqbench.plan.trial import Choice, Shared, Trial
from seqbench.plan.tuning import Candidate, Search
from seqbench.schema import Purpose


class Series(NamedTuple):
    """A method on a task.

    tried: the settings tried for it, or its own alone
    configurations: for each of them, its configurations at the lengths at which the method makes sense
    tuned: whether one of them is to be chosen
    """

    method: Method
    task: TaskSeries
    tried: tuple[Candidate, ...]
    configurations: tuple[tuple[Configuration, ...], ...]
    tuned: bool


def examine_series(grid: Grid, method: Method, task: TaskSeries, searched: Search, examiner: Examiner) -> Series:
    """Examine a method on a task with each of its settings; those that differ in the learning rate alone are one.

    Raises:
        GridError: with some of its settings the method makes no sense at a length, with others it does.
    """
    tried = searched.candidates.get(method.name, (Candidate(method, {}),))
    names = [canonical(candidate.knobs) for candidate in tried]
    found: dict[str, list[Configuration | None]] = {}
    for name, candidate in zip(names, tried, strict=True):
        if name not in found:
            found[name] = [examiner.examine(candidate.method, task, length) for length in task.all_lengths]
    for place, length in enumerate(task.all_lengths):
        refused = [name for name, configurations in found.items() if configurations[place] is None]
        if 0 < len(refused) < len(found):
            reason = next(own.reason for own in reversed(examiner.impossible) if own.method == method.name)
            raise grid.document.error(
                ("tuning", "space"),
                f"{method.name} on {task.label} at length {length} makes sense with some of the values only, so not "
                f"every method would get {searched.budget} settings: {reason}",
            )
    configurations = tuple(tuple(configuration for configuration in found[name] if configuration) for name in names)
    return Series(method, task, tried, configurations, bool(configurations[0]) and method.name in searched.candidates)


class Asked(NamedTuple):
    """The trials that a series asks for by now.

    choice: the setting that it reports with, None while tuning has not chosen one
    searches, to_come: how far its searches for the horizon got; empty where lengths are listed
    """

    trials: Sequence[Trial]
    choice: Choice | None
    searches: Sequence[SeedSearch] = ()
    to_come: ToCome = ToCome()


def series_trials(grid: Grid, series: Series, seen: KnownResults) -> Asked:
    """The trials of a method on a task over its lengths, and the setting they report with, if it is known."""
    tuning, place = _tuning_trials(grid, series, seen)
    if place is None:
        return tuning._replace(to_come=tuning.to_come + _unbegun(grid, series))
    method, knobs = series.tried[place]
    choice = Choice(method.name, series.task.label, method.learning_rate, knobs)
    own = _asked(grid, series, place, "reporting", seen)
    trials, searches = [*tuning.trials, *own.trials], [*tuning.searches, *own.searches]
    return Asked(trials, choice, searches, tuning.to_come + own.to_come)


def _tuning_trials(grid: Grid, series: Series, seen: KnownResults) -> tuple[Asked, int | None]:
    """The trials that choose a setting, and the place of the one they chose; 0 where nothing is tuned."""
    if not (grid.tuning and series.tuned):
        return Asked([], None), 0
    own = [_asked(grid, series, place, "tuning", seen) for place in range(len(series.tried))]
    together = Asked(
        [trial for each in own for trial in each.trials],
        None,
        [search for each in own for search in each.searches],
        sum((each.to_come for each in own), ToCome()),
    )
    trials = [[trial.id for trial in each.trials] for each in own]
    brackets = [[search.bracket for search in each.searches] for each in own] if series.task.searched else None
    ended = all(search.ended for search in together.searches)
    return together, choose(seen, trials, brackets) if ended else None


def _asked(grid: Grid, series: Series, place: int, purpose: Purpose, seen: KnownResults) -> Searched:
    """The trials with the setting at this place: every length that is listed, or those that searches ask for."""
    seeds = grid.tuning.seeds if grid.tuning and purpose == "tuning" else grid.seeds
    made = list(_trials(series, place, seeds, purpose))
    if not series.task.searched or not made:
        return Searched(made, [], ToCome())
    key = (grid.question, series.method.name, series.task.label)
    return search_lengths(
        made,
        seen.solved(purpose),
        series.task.searched,
        lengths=series.task.lengths,
        key=key,
        cost=lambda configuration: configuration.seconds,
    )


def _unbegun(grid: Grid, series: Series) -> ToCome:
    """What the searches of the reporting seeds will ask for, before the setting is known that they report with."""
    if not series.task.searched:
        return ToCome()
    seconds = {configuration.length: configuration.seconds for configuration in series.configurations[0]}
    lengths = tuple(length for length in series.task.lengths if length in seconds)
    checks = len(checked_seeds(grid.seeds, series.task.searched.checked))
    each = [
        still_to_come(lengths, {}, (), seconds, checked=place < checks) for place in range(len(grid.seeds)) if lengths
    ]
    return sum(each, ToCome())


def _trials(series: Series, place: int, seeds: Sequence[int], purpose: Purpose) -> Iterator[Trial]:
    """Every length with every seed, with the setting at this place."""
    method, knobs = series.tried[place]
    rate = float(method.learning_rate)
    for configuration in series.configurations[place]:
        identify = trial_ids({**configuration.fixed, "learning_rate": rate})
        shared = Shared(method.name, method.factors, series.task.label, rate, knobs, purpose, configuration)
        for seed in seeds:
            yield Trial(identify(seed), seed, shared)
