"""New results in a folder that is being filled: every trial file is read once, and again if it is replaced.

The live mirror looks many times while a grid fills. Reading the folder whole each time would cost the square of its
size.
"""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from seqbench.errors import LaterFormat, StoreError
from seqbench.stats.gradient_norms import before_training
from seqbench.store.plain_file import opened_folder
from seqbench.store.plan_file import PlanFile, load_plan
from seqbench.store.records import Record, UnusableRecord
from seqbench.store.results import results_of
from seqbench.store.table_rows import PART
from seqbench.store.trials import TrialStore


class Signature(NamedTuple):
    """What changes when a file is replaced."""

    inode: int
    modified: int
    size: int


PACKED = Signature(0, 0, 0)
"""Of a trial that was packed before it was first seen."""


class Arrivals:
    """The results of a folder as they arrive.

    plan: what is planned; empty before the grid has a plan
    results: one row for each trial that has finished
    probes: what a comparison draws of these trials
    curves: of the pending trials alone
    pending: trials that have arrived and are not settled
    count: trial files read so far
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = TrialStore(folder)
        self.count = 0
        self.plan = PlanFile()
        self.pending: set[str] = set()
        self.results = self.curves = self.probes = pd.DataFrame()
        self._plan_seen: Signature | None = None
        self._seen: dict[str, Signature] = {}
        self._forget()

    def look(self) -> int:
        """Read the planned trials that have finished, or were trained again, since the last look; how many.

        Raises:
            StoreError: the plan is damaged.
        """
        found = self._list()  # before the plan, so that the plan knows every trial found
        self._read_plan()
        labels = self.plan.trials
        changed = [trial for trial, seen in found.items() if trial in labels and self._seen.get(trial) != seen]
        self._seen |= {trial: found[trial] for trial in changed}
        return sum(self._take_in(changed[first : first + PART]) for first in range(0, len(changed), PART))

    def _take_in(self, trials: Sequence[str]) -> int:
        """Read these trials; how many of them can be used."""
        records = [record for trial in trials if (record := self._read(trial)) is not None]
        if records:
            new = results_of(records, self.plan)
            self.results = _joined(self.results, new.finished)
            self.curves = _joined(self.curves, new.curves)
            self.probes = _joined(self.probes, before_training(new.probes))
            self.pending |= {record.trial for record in records}
            self.count += len(records)
        return len(records)

    def unsettled(self) -> pd.DataFrame:
        """The rows of the pending trials."""
        return self.results[self.results["trial"].isin(self.pending)]

    def written(self) -> dict[str, float]:
        """When the trials finished, in seconds since the epoch."""
        return self._store.written()

    def settle(self, trials: Set[str]) -> None:
        """Take these trials off the pending ones and forget their curves."""
        self.pending -= trials
        self.curves = self.curves[self.curves["trial"].isin(self.pending)]

    def _forget(self) -> None:
        """Start again with nothing read."""
        self._seen, self.pending = {}, set()
        none = results_of([], PlanFile(factors=self.plan.factors))
        self.results, self.curves, self.probes = none.trials, none.curves, none.probes

    def _list(self) -> dict[str, Signature]:
        """Every trial's signature, without a look inside; one that was packed keeps that of its file."""
        try:
            with opened_folder(self._store.trials) as handle, os.scandir(handle) as entries:
                files = [entry for entry in entries if entry.name.endswith(".json")]
                signatures = [_signature(entry.stat(follow_symlinks=False)) for entry in files]
        except FileNotFoundError:  # nothing has finished, or a file was packed or set aside just now
            files, signatures = [], []
        found = {entry.name.removesuffix(".json"): seen for entry, seen in zip(files, signatures, strict=True)}
        packed = self._store.names() - found.keys()
        return {trial: self._seen.get(trial, PACKED) for trial in sorted(packed)} | found

    def _read_plan(self) -> None:
        """Read the plan if it has changed; if trials have other labels now, read all of them again."""
        path = self.folder / "plan.json"
        if not path.exists() or (seen := _signature(path.lstat())) == self._plan_seen:
            return
        before, self.plan, self._plan_seen = self.plan, load_plan(self.folder), seen
        labels = self.plan.trials
        if before.factors != self.plan.factors or any(
            labels.get(trial) != before.trials[trial] for trial in self._seen
        ):
            self._forget()

    def _read(self, trial: str) -> Record | None:
        """The record of a trial; None if it cannot be used, or cannot be read."""
        try:
            return self._store.find(trial)
        except UnusableRecord:
            return None
        except (
            StoreError,
            LaterFormat,
        ):  # the run itself reads it too, and ends with this error; or it was set aside just now
            return None


def _signature(status: os.stat_result) -> Signature:
    return Signature(status.st_ino, status.st_mtime_ns, status.st_size)


def _joined(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Old rows and new ones; those of a trial that was trained again replace its old ones."""
    kept = old[~old["trial"].isin(new["trial"].unique())]
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new.reset_index(drop=True)
