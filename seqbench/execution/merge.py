"""Results of one grid that were made on several machines, merged into one folder.

A trial is known by its identity. Where several folders hold the same numbers of it, one record is kept; where the
numbers differ, it is a conflict, and nothing is written unless the folder named first is said to count. Sources are
only read, and what the folder merged into holds already is never replaced.

A trial file is written whole or not at all, and the plan and the tables follow from these files: a merge that was
killed is completed by the same command. Records are read one by one, as often as they are needed, and never held: of a
folder with trial files little more is in memory than the names of its trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from seqbench.errors import StoreError, UsageError
from seqbench.execution.conflicts import Conflict, Source, conflict_error, conflicts_between, source_of
from seqbench.execution.run import planned, written_anew
from seqbench.grid.spec import Grid
from seqbench.plan.plan import Plan
from seqbench.plan.trial import Trial
from seqbench.store import atomic, tables
from seqbench.store.from_tables import records_from_tables, unusable
from seqbench.store.lock import held
from seqbench.store.ownership import is_other
from seqbench.store.parameters import parameters_path
from seqbench.store.plain_file import digest_of, read_bytes
from seqbench.store.plan_file import PlanFile, load_plan, planned_lengths
from seqbench.store.records import Record, UnusableRecord
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
        whole = _combined([own, *sources]) if own.trials else found
        _allow(whole.conflicts, keep_first)
        trained = planned_lengths(*(source.plan for source in [own, *sources]))
        current = planned(asked, [source.trials[trial] for trial, source in whole.kept.items()], trained)
        _require_same_grid([own, *sources], asked, current)
        added = [trial for trial in whole.kept if trial not in own.trials]
        _write(TrialStore(into), whole, added, current, left_out)
        unplanned, conflicts = whole.kept.keys() - {trial.id for trial in current.trials}, tuple(whole.conflicts)
        del sources, found, own, whole, current  # what they know of many trials takes as much memory as tables do
        results = written_anew(asked, into)
    return Merged(results, len(added), len(unplanned), tuple(left_out), conflicts)


def read_source(folder: Path, left_out: list[SetAside]) -> Source:
    """What a results folder holds; files that cannot be used are added to `left_out` and stay where they are.

    Raises:
        UsageError: it is no results folder. StoreError: its plan or its tables are damaged.
    """
    plan = load_plan(folder)
    if not tables.alone(folder):
        store = TrialStore(folder)
        return source_of(folder, plan, store.each(left_out), partial(_read, store))
    records = records_from_tables(folder)
    if lacking := len(tables.read(folder)["results"]) - len(records):
        reason = f"does not say of {lacking:,} trials which probes were read or what they ran on; they are left out"
        left_out.append(SetAside(folder / "results.parquet", reason))
    return source_of(folder, plan, records, {record.trial: record for record in records}.__getitem__)


class _Combined(NamedTuple):
    """The folder whose record of a trial is kept, by the trial's identity, and the conflicts between folders."""

    kept: dict[str, Source]
    conflicts: list[Conflict]


def _combined(sources: Sequence[Source]) -> _Combined:
    """What folders hold together. Of one trial's equal records the fullest is kept, of different ones the first."""
    kept: dict[str, Source] = {}
    conflicts: list[Conflict] = []
    for place, source in enumerate(sources):
        against = [conflict for before in sources[:place] for conflict in conflicts_between(before, source)]
        conflicts += {each.trial: each for each in reversed(against)}.values()
        different = {each.trial for each in against}
        for trial in source.trials:
            old = kept.get(trial)
            if old is None or (trial not in different and _fullness(source, trial) > _fullness(old, trial)):
                kept[trial] = source
    return _Combined(kept, conflicts)


def _fullness(source: Source, trial: str) -> tuple[bool, int, bool]:
    """How much there is of a trial beside its numbers: its parameters, probes, complete settings."""
    known = source.trials[trial]
    has_parameters = known.parameters is not None and parameters_path(source.folder, trial).exists()
    return has_parameters, len(known.ran.probed), trial not in source.without_settings


def _allow(conflicts: list[Conflict], keep_first: bool) -> None:
    if conflicts and not keep_first:
        raise conflict_error(conflicts)


def _own(into: Path, left_out: list[SetAside]) -> Source:
    """What the folder merged into holds already; files that cannot be used are moved to its quarantine."""
    plan = load_plan(into) if (into / "plan.json").exists() else PlanFile()
    if tables.alone(into):
        if count := unusable(into):
            raise StoreError(
                f"The tables of {into} do not say of {count:,} trials which probes were read or what they ran on, or "
                "count divergence by an earlier rule, and a merge would lose these: merge into another folder"
            )
        return read_source(into, left_out)
    store = TrialStore(into)
    return source_of(into, plan, store.each(left_out, quarantine=True), partial(_read, store))


def _read(store: TrialStore, trial: str) -> Record:
    """A record that could be read before. Raises StoreError if it cannot any more."""
    try:
        if (record := store.find(trial)) is not None:
            return record
        reason = "is gone"
    except UnusableRecord as error:
        reason = str(error)
    raise StoreError(f"{store.folder}: trial {trial} {reason}, and was there when the merge began. Merge again.")


def _require_same_grid(sources: Iterable[Source], grid: Grid, current: Plan) -> None:
    """Refuse folders that share no trial with the grid and ask another question."""
    trials = {trial.id for trial in current.trials}
    for source in sources:
        known = source.plan.trials.keys() | source.trials.keys()
        if is_other(source.plan.question, known, question=grid.question, trials=trials):
            raise UsageError(
                f"{source.folder} holds results of another grid, which asks: {' '.join(source.plan.question.split())} "
                f"This one asks: {' '.join(grid.question.split())} They share no trial; nothing was merged."
            )


def _write(store: TrialStore, whole: _Combined, added: Sequence[str], current: Plan, left_out: list[SetAside]) -> None:
    """Write what is new: parameters first, so that no record names a file that is not there yet."""
    trials = {trial.id: trial for trial in current.trials}
    has_files = store.trials.exists()
    # Beside tables alone there is no trial file yet, and a source may hold more of a trial than they do.
    written = added if has_files else list(whole.kept)
    for trial in written:
        if whole.kept[trial].folder != store.folder:
            _copy_parameters(whole.kept[trial], trial, store.folder, left_out)
    records = (_with_settings(whole.kept[trial].find(trial), trials) for trial in written)
    if not has_files:
        if written:
            store.restore(records)
        return
    for record in records:
        store.write(record)


def _with_settings(record: Record, planned: Mapping[str, Trial]) -> Record:
    """A record with its settings, which those from tables lack: the plan has them."""
    if record.settings or record.trial not in planned:
        return record
    return replace(record, settings=planned[record.trial].settings)


def _copy_parameters(source: Source, trial: str, into: Path, left_out: list[SetAside]) -> None:
    """Copy the trained parameters of a trial, if they are kept and are those that its record names."""
    sha256 = source.trials[trial].parameters
    path = parameters_path(source.folder, trial)
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
