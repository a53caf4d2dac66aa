"""Two records of one trial that were made on two machines: the same numbers, or a conflict, and where they differ.

Times differ always and are not compared. Neither is what one of the two folders never measured: columns of another
version, and probes that were not asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.errors import MergeConflict
from seqbench.execution.known import Known, known
from seqbench.execution.reproduce import changed_environment
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS, DataColumn
from seqbench.stats.reproduction import NAMES, Difference, largest_difference
from seqbench.store.plan_file import PlanFile
from seqbench.store.records import Record
from seqbench.store.results import results_of
from seqbench.store.trial_label import TrialLabel

SHOWN = 10
"""How many conflicts the error prints; `MergeConflict.conflicts` holds all."""

BY_DISTANCE = "accuracy_by_distance"
"""Field of a row that is no column: the tables hold it as a probe, and not of every trial."""


@dataclass(frozen=True)
class Source:
    """A results folder, as it takes part in a merge.

    plan: what was planned there
    trials: what is remembered of its finished trials, by identity
    without_settings: those of them whose records lack their settings
    numbers: table and column of each number that any of them holds
    find: reads the record of one of them
    """

    folder: Path
    plan: PlanFile
    trials: Mapping[str, Known]
    without_settings: Collection[str]
    numbers: frozenset[tuple[str, str]]
    find: Callable[[str], Record]


def source_of(folder: Path, plan: PlanFile, records: Iterable[Record], find: Callable[[str], Record]) -> Source:
    """A results folder by its records, which are looked at one after the other; `find` reads one of them again."""
    trials: dict[str, Known] = {}
    without_settings: set[str] = set()
    numbers: set[tuple[str, str]] = set()
    for record in records:
        trials[record.trial] = known(record)
        numbers.update(_measured(record))
        if not record.settings:
            without_settings.add(record.trial)
    return Source(folder, plan, trials, without_settings, frozenset(numbers), find)


class Conflict(NamedTuple):
    """A trial with other numbers in two folders.

    folders, environments: where it was found, and the fingerprints of what it ran on there
    difference: the largest between the numbers; `before` is of the first folder, `after` of the second
    changed: what differs between the two environments, by name; empty if it is the same one
    """

    trial: str
    label: TrialLabel | None
    folders: tuple[Path, Path]
    environments: tuple[str, str]
    difference: Difference
    changed: Mapping[str, tuple[str, str]]

    def __str__(self) -> str:
        """The trial, the numbers, and both environments."""
        label, (one, other) = self.label, self.folders
        words = f" ({label.method}, {label.task}, length {label.length}, seed {label.seed})" if label else ""
        _, where, before, after = self.difference
        lines = [f"{self.trial}{words}: {where} is {before} in {one} and {after} in {other}"]
        if self.environments[0] == self.environments[1]:
            return f"{lines[0]}\n    both trained in environment {self.environments[0]}"
        for folder, name, place in ((one, self.environments[0], 0), (other, self.environments[1], 1)):
            differing = ", ".join(f"{key} {pair[place]}" for key, pair in self.changed.items())
            lines.append(f"    {folder} trained it in environment {name}: {differing or 'of which nothing is kept'}")
        return "\n".join(lines)


def conflicts_between(one: Source, other: Source) -> list[Conflict]:
    """The trials of which two folders hold different numbers, in the order of their names."""
    compared = one.numbers & other.numbers
    pairs = ((one.find(trial), other.find(trial)) for trial in one.trials if trial in other.trials)
    found = [_conflict(pair, one, other) for pair in pairs if not _same(*pair, compared)]
    return sorted(found, key=lambda conflict: conflict.trial)


def conflict_error(conflicts: list[Conflict]) -> MergeConflict:
    """The error that names these conflicts."""
    shown = [str(each) for each in conflicts[:SHOWN]]
    if len(conflicts) > SHOWN:
        shown.append(f"... and {len(conflicts) - SHOWN:,} more differences")
    count = len({each.trial for each in conflicts})  # a trial may differ in several folders
    trials = "1 trial has" if count == 1 else f"{count:,} trials have"
    text = "\n".join([f"{trials} other numbers in another folder, and nothing was merged:", *shown])
    return MergeConflict(
        f"{text}\nRemove those that should not count, or keep those of the folder named first: --keep-first",
        conflicts=conflicts,
        same_environment=any(each.environments[0] == each.environments[1] for each in conflicts),
    )


def _measured(record: Record) -> Iterable[tuple[str, str]]:
    """Table and column of each number that a record holds."""
    yield from (("results", name) for name, value in record.row.items() if _is_there(value))
    yield from (("curves", name) for row in record.curve for name, value in row.items() if _is_there(value))


def _same(one: Record, other: Record, compared: Collection[tuple[str, str]]) -> bool:
    """Whether two records hold the same numbers, as far as both may hold them."""
    if _row(one.row, "results", RESULT_COLUMNS, compared) != _row(other.row, "results", RESULT_COLUMNS, compared):
        return False
    curves = ([_row(row, "curves", CURVE_COLUMNS, compared) for row in record.curve] for record in (one, other))
    if next(curves) != next(curves):
        return False
    rows = zip([one.row, *one.curve], [other.row, *other.curve], strict=True)
    by_distance = ((this.get(BY_DISTANCE), that.get(BY_DISTANCE)) for this, that in rows)
    if any(this[at] != that[at] for this, that in by_distance if this and that for at in this.keys() & that.keys()):
        return False
    ours, theirs = _probes(one), _probes(other)
    return all(ours[key] == theirs[key] for key in ours.keys() & theirs.keys())


def _row(
    row: Mapping[str, Any], table: str, columns: Mapping[str, DataColumn], compared: Collection[tuple[str, str]]
) -> dict[str, Any]:
    """The numbers of a row that are compared, but for those that are missing."""
    names = (name for name in columns if name not in NAMES and columns[name].unit != "seconds")
    return {name: row[name] for name in names if (table, name) in compared and _is_there(row.get(name))}


def _probes(record: Record) -> dict[tuple[Any, ...], Any]:
    """What was measured, by the columns that tell it apart; rows that agree in these are numbered."""
    names = [name for name in PROBE_COLUMNS if name not in ("trial", "value")]
    found: dict[tuple[Any, ...], Any] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    for row in record.probes:
        key = tuple(map(str, map(row.get, names)))
        found[(*key, seen[key])] = row["value"]
        seen[key] += 1
    return found


def _is_there(value: Any) -> bool:
    return value is not None and value != {}


def _conflict(records: tuple[Record, Record], one: Source, other: Source) -> Conflict:
    trial = records[0].trial
    first, second = (str(record.row.get("environment")) for record in records)
    return Conflict(
        trial=trial,
        label=one.plan.trials.get(trial) or other.plan.trials.get(trial),
        folders=(one.folder, other.folder),
        environments=(first, second),
        difference=_difference(*records),
        changed=changed_environment(records[0].environment, records[1].environment),
    )


def _difference(one: Record, other: Record) -> Difference:
    """The largest difference between two records, of which there is one."""
    plan = PlanFile(trials={one.trial: TrialLabel("", "", 0, 0, 0.0, "reporting")})
    first, second = (results_of([record], plan) for record in (one, other))
    forth = largest_difference(first, second, one.trial)
    back = largest_difference(second, first, one.trial)  # sees what only the second has measured
    found = [each for each in (forth, back and back._replace(before=back.after, after=back.before)) if each]
    # Counts beyond 2^53 can differ where the floats that they are compared as do not.
    return max(found, key=lambda each: each.relative, default=Difference(0.0, "a count", "", ""))
