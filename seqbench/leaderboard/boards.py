"""The tables of the leaderboard: results under one protocol join, others stand apart with the reason."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pandas as pd

from seqbench.leaderboard.groups import UNDER_WAY, Groups, find_groups
from seqbench.leaderboard.protocols import Protocol, difference, protocol_of
from seqbench.leaderboard.sources import Source
from seqbench.schema import with_purpose
from seqbench.stats.brackets import bracket_table, find_brackets
from seqbench.stats.factorial import find_design
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.methods import methods_table
from seqbench.stats.pairwise import pairwise
from seqbench.stats.preregistration import Declared
from seqbench.stats.shapley import shapley
from seqbench.stats.solve_rate import solve_rates
from seqbench.stats.task_arrays import arrays_by_task, complete, reporting_rows, trained_alike

PLACE = ["length", "seed", "purpose"]
"""What names a trial of a method on a task, with its learning rate where that is being tuned."""


@dataclass(frozen=True)
class Entry:
    """What a source says of one of its tasks: the rows of that task, tuning trials among them.

    label: of the task in the source
    """

    source: Source
    label: str
    protocol: Protocol
    rows: pd.DataFrame


@dataclass(frozen=True)
class Board:
    """One table: what all sources under a protocol say of a task.

    entries: by source, in order of name
    declared: the plan of the first, for the level of intervals and the outcome that is compared
    methods: one row a method, the furthest memory first (`seqbench.stats.methods.methods_table`)
    brackets: one row a method and seed (`seqbench.stats.brackets.bracket_table`)
    pairs: one row a comparison (`seqbench.stats.pairwise.pairwise`)
    baseline: the method that others are compared with, if there is one
    origins: the entry of each method, and the name that the method has there
    groups: which methods cannot be told apart
    alone: of each remedy of a factorial design, such as `start: identity`, the method that has it and no other
    shares: what each is worth in combination (`seqbench.stats.shapley.shapley`); no rows where there is no such
        design, or nothing was searched
    apart: why it is not one with the first table of its task; empty for that one
    """

    entries: tuple[Entry, ...]
    declared: Declared
    methods: pd.DataFrame
    brackets: pd.DataFrame
    pairs: pd.DataFrame
    baseline: str | None
    origins: Mapping[str, tuple[Entry, str]]
    groups: Groups
    alone: Mapping[str, str]
    shares: pd.DataFrame
    apart: str

    @property
    def protocol(self) -> Protocol:
        """The protocol of every entry."""
        return self.entries[0].protocol

    @property
    def under_way(self) -> bool:
        """Whether some of its trials are missing, or some of its searches have not ended."""
        return self.groups == UNDER_WAY


def build_boards(sources: Iterable[Source]) -> list[Board]:
    """Every table, task by task: searched tasks first, and of a task its searches, then what has most trials."""
    alike: dict[Protocol, list[Entry]] = {}
    for source in sources:
        for task in source.evidence.reporting["task"].unique():
            rows = source.evidence.results[source.evidence.results["task"] == task]
            found = Entry(source, str(task), protocol_of(source, str(task)), rows)
            alike.setdefault(found.protocol, []).append(found)
    searched = {protocol.task for protocol in alike if protocol.searched}
    groups = sorted(alike.values(), key=lambda entries: (entries[0].protocol.task not in searched, _standing(entries)))
    first: dict[str, Protocol] = {}
    boards = []
    for entries in groups:
        leader = first.setdefault(entries[0].protocol.task, entries[0].protocol)
        boards.append(_board(entries, difference(entries[0].protocol, leader)))
    return boards


def _standing(entries: Sequence[Entry]) -> tuple[str, bool, int, str]:
    """What the order of tables follows from."""
    protocol = entries[0].protocol
    return protocol.task, not protocol.searched, -sum(len(entry.rows) for entry in entries), entries[0].source.name


def _board(entries: Sequence[Entry], apart: str) -> Board:
    rows, origins = joined(entries)
    declared, label = entries[0].source.evidence.declared, entries[0].label
    known = set(rows["method"])
    named = replace(
        declared,
        baseline=declared.baseline if declared.baseline in known else None,
        comparisons="baseline" if isinstance(declared.comparisons, tuple) else declared.comparisons,
        searched={task: lengths for task, lengths in declared.searched.items() if task == label},
        impossible={label: {name: _impossible(*origin) for name, origin in origins.items()}},
    )
    compared = reporting_rows(complete(rows))
    [arrays] = arrays_by_task(compared, named)
    found = find_brackets(arrays)
    methods = methods_table(
        compared, solve_rates(trained_alike(compared, named), named), horizon_means(found, named.alpha)
    )
    order = list(methods.dropna(subset=["rank"])["method"])
    groups = UNDER_WAY if methods["open"].sum() else find_groups(arrays, order, named)
    design = find_design(compared, arrays, named) if entries[0].protocol.searched else None
    alone = design.alone() if design else {}
    return Board(
        tuple(entries), named, methods, bracket_table(found), pairwise(compared, arrays, named), arrays.baseline,
        origins, groups, {f"{name}: {level}": arrays.methods[place] for (name, level), place in alone.items()},
        shapley(arrays, design, named) if design else pd.DataFrame(), apart,
    )  # fmt: skip


def _impossible(entry: Entry, method: str) -> tuple[int, ...]:
    """The lengths at which a method of an entry makes no sense, by the entry's plan."""
    found = entry.source.evidence.declared.impossible or {}
    return found.get(entry.label, {}).get(method, ())


def joined(entries: Sequence[Entry]) -> tuple[pd.DataFrame, dict[str, tuple[Entry, str]]]:
    """The rows of all entries under the first one's label, and where each method comes from.

    Methods of one name are one method if they share trials, no seed has another trial in either, and their reporting
    trials have the same learning rates; another method of a name that is taken carries its source's name too. Methods
    of different names that share trials stay as many, as each is looked for under the name that its report gives it;
    that they are alike shows in their numbers.
    """
    origins: dict[str, tuple[Entry, str]] = {}
    known: dict[str, Trials] = {}
    parts = []
    for entry in entries:
        renamed = {}
        for method, own in entry.rows.groupby("method", sort=False):
            trials = _trials(own)
            name = str(method)
            if name in known and not _same(known[name], trials):
                name = f"{method} ({entry.source.name})"
            renamed[method] = name
            before = known.get(name, Trials(frozenset(), {}))
            known[name] = Trials(before.rates | trials.rates, {**before.places, **trials.places})
            origins.setdefault(name, (entry, str(method)))
        parts.append(entry.rows.assign(method=entry.rows["method"].map(renamed), task=entries[0].label))
    rows = pd.concat(parts, ignore_index=True)
    finished_first = rows.sort_values("outcome", na_position="last", kind="stable")
    return finished_first.drop_duplicates(["method", "trial"]).sort_index(), origins


class Trials(NamedTuple):
    """The trials of a method on a task: learning rates of those that are reported, and identities by place."""

    rates: frozenset[float]
    places: Mapping[Hashable, str]


def _trials(rows: pd.DataFrame) -> Trials:
    tuned = rows["learning_rate"].where(rows["purpose"] == "tuning")
    places = zip(*(rows[name] for name in PLACE), tuned.fillna(0.0), strict=True)
    rates = with_purpose(rows, "reporting")["learning_rate"]
    return Trials(frozenset(rates), dict(zip(places, rows["trial"], strict=True)))


def _same(one: Trials, other: Trials) -> bool:
    """Whether two sources mean the same method; of one that is still being tuned there are no reporting rates."""
    shared = one.places.keys() & other.places.keys()
    alike = not (one.rates and other.rates) or one.rates == other.rates
    return alike and bool(shared) and all(one.places[place] == other.places[place] for place in shared)
