"""The trial files of a grid: one checked file for each finished trial. Everything else is computed from them.

    results/<grid>/trials/<trial>.json       {"format": ..., "checksum": ..., "record": {...}}; see `records`
    results/<grid>/failures/<trial>.json     why a trial crashed; removed when it has finished; see `failures`
    results/<grid>/quarantine/               what cannot be used of these and of checkpoints; trained again

A file whose content, checksum, name or shape do not agree is moved to the quarantine, never read as data and never
deleted.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from seqbench.store import atomic
from seqbench.store.failures import Failure, read_failure, write_failure
from seqbench.store.plain_file import list_files, list_names
from seqbench.store.quarantine import set_aside
from seqbench.store.records import Record, UnusableRecord, encode_record, read_record


class SetAside(NamedTuple):
    """A trial file that cannot be used: where it lies now, and what is wrong with it."""

    path: Path
    reason: str


class TrialStore:
    """The trial files of one results folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trials = folder / "trials"
        self.failures = folder / "failures"
        self.quarantine = folder / "quarantine"

    def write(self, record: Record) -> None:
        """Keep a finished trial. Raises StoreError if the disk refuses, or the folder is gone."""
        atomic.require_folder(self.folder)
        atomic.write_text(self.trials / f"{record.trial}.json", encode_record(record))
        atomic.remove(self.failures / f"{record.trial}.json")

    def restore(self, records: Iterable[Record]) -> None:
        """Write the files of all finished trials of a folder that has none: all of them, or none if it is stopped.

        Raises StoreError if the disk refuses.
        """
        beside = self.folder / ".trials"
        shutil.rmtree(beside, ignore_errors=True)
        for record in records:
            atomic.write_text(beside / f"{record.trial}.json", encode_record(record))
        atomic.rename(beside, self.trials)
        finished = self.names()
        for name in list_names(self.failures, ".json"):
            if name.removesuffix(".json") in finished:
                atomic.remove(self.failures / name)

    def write_failure(self, trial: str, failure: Failure) -> None:
        """Keep why a trial crashed. Raises StoreError if the disk refuses."""
        write_failure(self.failures / f"{trial}.json", failure)

    def read_failures(self) -> dict[str, Failure]:
        """Why they crashed, by trial, of the trials that crashed and have not finished since."""
        return {path.stem: read_failure(path) for path in list_files(self.failures, ".json")}

    def names(self) -> set[str]:
        """The trials that have a file, without a look inside."""
        return {name.removesuffix(".json") for name in list_names(self.trials, ".json")}

    def read(self, *, quarantine: bool = False) -> tuple[list[Record], list[SetAside]]:
        """All finished trials, and the files that cannot be used; see `each`."""
        aside: list[SetAside] = []
        return list(self.each(aside, quarantine=quarantine)), aside

    def each(self, aside: list[SetAside], *, quarantine: bool = False) -> Iterator[Record]:
        """The finished trials one by one, in the order of their names; files that cannot be used go to `aside`.

        With `quarantine` these files are moved there; only the process that holds the grid's lock may do that.
        """
        for path in list_files(self.trials, ".json"):
            try:
                yield read_record(path)
            except UnusableRecord as error:
                aside.append(SetAside(set_aside(path, self.quarantine) if quarantine else path, str(error)))

    def find(self, trial: str) -> Record | None:
        """A finished trial; None if it has no file. Raises UnusableRecord if that cannot be used."""
        path = self.trials / f"{trial}.json"
        return read_record(path) if path.exists() else None
