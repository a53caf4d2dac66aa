"""Results of one grid that were made on several machines, merged into one folder.

A trial is known by its identity. Where several folders hold the same numbers of it, one record is kept; where the
numbers differ, it is a conflict, and nothing is written unless the folder named first is said to count. Sources are
only read, and what the folder merged into holds already is never replaced.

A trial file is written whole or not at all, and the plan and the tables follow from these files: a merge that was
killed is completed by the same command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from seqbench.errors import UsageError
from seqbench.execution.conflicts import Conflict, Source, conflict_error, conflicts_between
from seqbench.execution.known import known
from seqbench.execution.run import planned, written_anew
from seqbench.grid.spec import Grid
from seqbench.plan.plan import Plan
from seqbench.store import atomic, tables
from seqbench.store.from_tables import records_from_tables
from seqbench.store.lock import held
from seqbench.store.ownership import is_other
from seqbench.store.parameters import parameters_path
from seqbench.store.plain_file import digest_of, read_bytes
from seqbench.store.plan_file import PlanFile, load_plan, planned_lengths
from seqbench.store.records import Record
from seqbench.store.results import Results
from seqbench.store.trials import SetAside, TrialStore


class Merged(NamedTuple):
    """What a merge came to.

    results: all that the folder holds now
    added: trials that it did not hold before
    unplanned: trials that it holds, and that the grid does not ask for
    left_out: files of the sources that cannot be used; their trials count as missing
    conflicts: trials with other numbers elsewhere, of which those of the folder named first were kept
    """

    results: Results
    added: int
    unplanned: int
    left_out: Sequence[SetAside]
    conflicts: Sequence[Conflict]


def merge_folders(
    folders: Sequence[Path],
    into: Path,
    grid: Callable[[], Grid],
    *,
    keep_first: bool = False,
) -> Merged:
    """Merge results folders of one grid.

    Args:
        folders: the sources: results folders, with trial files or with committed tables alone.
        into: the folder to write to; made if absent. What it holds comes before all sources.
        grid: reads the grid that asks for the merged trials; called once the sources are known to be sound.
        keep_first: of trials with other numbers elsewhere, keep those of the folder named first.

    Raises:
        MergeConflict: trials have other numbers elsewhere; names each with both environments. Nothing is written.
        UsageError: a source is no results folder, or holds results of another grid.
        StoreError: the plan or the tables of a source are damaged, or `into` cannot be written.
        GridBusy: another process runs the grid in `into`.
    """
    left_out: list[SetAside] = []
    sources = [read_source(folder, left_out) for folder in dict.fromkeys(folders) if not _same_place(folder, into)]
    found = _combined(sources)
    _allow(found.conflicts, keep_first)
    asked = grid()
    with held(into):
        own = _own(into, left_out)
        whole = _combined([*([own] if own.records else []), *sources])
        _allow(whole.conflicts, keep_first)
        trained = planned_lengths(*(source.plan for source in [own, *sources]))
        current = planned(asked, [known(kept.record) for kept in whole.kept.values()], trained)
        _require_same_grid([own, *sources], asked, current)
        added = [kept for trial, kept in whole.kept.items() if trial not in own.records]
        _write(TrialStore(into), whole, added, current, left_out)
        results = written_anew(asked, into)
    unplanned = len(whole.kept.keys() - {trial.id for trial in current.trials})
    return Merged(results, len(added), unplanned, tuple(left_out), tuple(whole.conflicts))


def read_source(folder: Path, left_out: list[SetAside]) -> Source:
    """What a results folder holds; files that cannot be used are added to `left_out` and stay where they are.

    Raises:
        UsageError: it is no results folder. StoreError: its plan or its tables are damaged.
    """
    plan = load_plan(folder)
    if not tables.alone(folder):
        records, unusable = TrialStore(folder).read()
        left_out += unusable
        return _source(folder, plan, records)
    records = records_from_tables(folder)
    if lacking := len(tables.read(folder)["results"]) - len(records):
        reason = f"does not say of {lacking:,} trials which probes were read or what they ran on; they are left out"
        left_out.append(SetAside(folder / "results.parquet", reason))
    return _source(folder, plan, records)


class _Kept(NamedTuple):
    """A record, and the folder that it is from."""

    record: Record
    folder: Path


class _Combined(NamedTuple):
    """The record to keep of each trial, by its identity, and the conflicts between folders."""

    kept: dict[str, _Kept]
    conflicts: list[Conflict]


def _combined(sources: Sequence[Source]) -> _Combined:
    """What folders hold together. Of one trial's equal records the fullest is kept, of different ones the first."""
    kept: dict[str, _Kept] = {}
    conflicts: list[Conflict] = []
    for place, source in enumerate(sources):
        against = [conflict for before in sources[:place] for conflict in conflicts_between(before, source)]
        conflicts += {each.trial: each for each in reversed(against)}.values()
        different = {each.trial for each in against}
        for trial, record in source.records.items():
            new, old = _Kept(record, source.folder), kept.get(trial)
            if old is None or (trial not in different and _fullness(new) > _fullness(old)):
                kept[trial] = new
    return _Combined(kept, conflicts)


def _fullness(kept: _Kept) -> tuple[bool, int, bool]:
    """How much there is of a trial beside its numbers: its parameters, probes, complete settings."""
    record = kept.record
    has_parameters = record.parameters is not None and parameters_path(kept.folder, record.trial).exists()
    return has_parameters, len(record.probed), bool(record.settings)


def _allow(conflicts: list[Conflict], keep_first: bool) -> None:
    if conflicts and not keep_first:
        raise conflict_error(conflicts)


def _own(into: Path, left_out: list[SetAside]) -> Source:
    """What the folder merged into holds already; files that cannot be used are moved to its quarantine."""
    plan = load_plan(into) if (into / "plan.json").exists() else PlanFile()
    if tables.alone(into):
        return read_source(into, left_out)
    return _source(into, plan, TrialStore(into).each(left_out, quarantine=True))


def _source(folder: Path, plan: PlanFile, records: Iterable[Record]) -> Source:
    return Source(folder, plan, {record.trial: record for record in records})


def _require_same_grid(sources: Iterable[Source], grid: Grid, current: Plan) -> None:
    """Refuse folders that share no trial with the grid and ask another question."""
    trials = {trial.id for trial in current.trials}
    for source in sources:
        known = source.plan.trials.keys() | source.records.keys()
        if is_other(source.plan.question, known, question=grid.question, trials=trials):
            raise UsageError(
                f"{source.folder} holds results of another grid, which asks: {' '.join(source.plan.question.split())} "
                f"This one asks: {' '.join(grid.question.split())} They share no trial; nothing was merged."
            )


def _write(
    store: TrialStore, whole: _Combined, added: Sequence[_Kept], current: Plan, left_out: list[SetAside]
) -> None:
    """Write what is new: parameters first, so that no record names a file that is not there yet."""
    settings = {trial.id: trial.settings for trial in current.trials}
    for kept in added:
        _copy_parameters(kept, store.folder, left_out)
    new = [_with_settings(kept.record, settings) for kept in added]
    if store.trials.exists():
        for record in new:
            store.write(record)
    elif whole.kept:
        before = [kept.record for kept in whole.kept.values() if kept.folder == store.folder]
        store.restore([*(_with_settings(record, settings) for record in before), *new])


def _with_settings(record: Record, settings: dict[str, dict[str, object]]) -> Record:
    """A record with its settings, which those from tables lack: the plan has them."""
    return record if record.settings else replace(record, settings=settings.get(record.trial, {}))


def _copy_parameters(kept: _Kept, into: Path, left_out: list[SetAside]) -> None:
    """Copy the trained parameters of a trial, if they are kept and are those that its record names."""
    sha256, trial = kept.record.parameters, kept.record.trial
    path = parameters_path(kept.folder, trial)
    if sha256 is None or not path.exists():
        return
    try:
        data = read_bytes(path)
    except OSError as error:
        left_out.append(SetAside(path, f"cannot be read ({error.strerror})"))
        return
    if digest_of(data) == sha256:
        atomic.write_bytes(parameters_path(into, trial), data)
    else:
        left_out.append(SetAside(path, "is damaged: its SHA-256 is not that of the trial's record"))


def _same_place(folder: Path, into: Path) -> bool:
    return into.exists() and folder.exists() and folder.samefile(into)
