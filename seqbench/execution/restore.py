"""Going on from the tables of a results folder that came without its trial files, as a clone does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from seqbench.errors import StoreError, UsageError
from seqbench.plan.trial import Trial
from seqbench.store import tables
from seqbench.store.from_tables import records_from_tables
from seqbench.store.quarantine import set_aside
from seqbench.store.records import Record
from seqbench.store.trials import SetAside, TrialStore


def read_tables(store: TrialStore) -> tuple[list[Record], list[SetAside]]:
    """Records of what finished according to the tables, where there are no trial files, without their settings.

    Tables that are damaged are moved to the quarantine. Only for the holder of the grid's lock. Raises LaterFormat.
    """
    try:
        return records_from_tables(store.folder), []
    except (StoreError, UsageError) as error:
        files = [path for path in tables.paths(store.folder) if path.exists()]
        moved = [set_aside(path, store.quarantine) for path in files]
        return [], [SetAside(path, f"belongs to tables that cannot be used: {error}") for path in moved]


def write_trials(store: TrialStore, records: Iterable[Record], trials: Mapping[str, Trial]) -> None:
    """Write trial files of such records, with the settings that the plan gives them.

    What the plan does not know, as after a change of the grid, is kept without settings.
    """
    known = {trial.id: trial.settings for trial in trials.values()}
    whole = [replace(record, settings=known.get(record.trial, {})) for record in records]
    if whole:
        store.restore(whole)
