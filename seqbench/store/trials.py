"""The trial files of a grid: one checked file for each finished trial. Everything else is computed from them.

    results/<grid>/trials/<trial>.json       {"format": ..., "checksum": ..., "record": {...}}; see `records`
    results/<grid>/trials/<part>.parquet     a thousand such files, packed as soon as there are so many; see `parts`
    results/<grid>/failures/<trial>.json     why a trial crashed; removed when it has finished; see `failures`
    results/<grid>/quarantine/               what cannot be used of these and of checkpoints; trained again

A file whose content, checksum, name or shape do not agree is moved to the quarantine, never read as data and never
deleted.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seqbench.store import atomic
from seqbench.store.failures import Failure, read_failure, write_failure
from seqbench.store.in_use import require_folder
from seqbench.store.parts import TRIALS, BadPart, Packed, Part, Parts, pack, write_part
from seqbench.store.plain_file import list_files, list_names
from seqbench.store.quarantine import set_aside
from seqbench.store.records import Record, UnusableRecord, decode_record, encode_record, read_record


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
        self._parts = Parts(self.trials)
        self._unpacked: int | None = None

    def write(self, record: Record) -> None:
        """Keep a finished trial. Raises StoreError if the disk refuses, or the folder is gone."""
        require_folder(self.folder)
        self._unpacked = _kept(self.trials, record, self._unpacked)
        atomic.remove(self.failures / f"{record.trial}.json")

    def restore(self, records: Iterable[Record]) -> None:
        """Write the files of all finished trials of a folder that has none: all of them, or none if it is stopped.

        Raises StoreError if the disk refuses.
        """
        beside = self.folder / ".trials"
        shutil.rmtree(beside, ignore_errors=True)
        unpacked = None
        for record in records:
            unpacked = _kept(beside, record, unpacked)
        atomic.rename(beside, self.trials)
        self.forget_failures(self.names())

    def forget_failures(self, finished: Collection[str]) -> None:
        """Remove why trials crashed that have finished since; a run that was killed may have left it."""
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
        """The trials that have a file, packed or not, without a look inside."""
        return self._plain() | self._parts.names()

    def written(self) -> dict[str, float]:
        """When the trials finished that have a file, in seconds since the epoch."""
        found = {trial: when / 1e9 for trial, when in self._parts.written().items()}
        for trial in sorted(self._plain()):
            with suppress(OSError):  # packed just now
                found[trial] = (self.trials / f"{trial}.json").stat().st_mtime_ns / 1e9
        return found

    def read(self, *, quarantine: bool = False) -> tuple[list[Record], list[SetAside]]:
        """All finished trials, and the files that cannot be used; see `each`."""
        aside: list[SetAside] = []
        return list(self.each(aside, quarantine=quarantine)), aside

    def each(self, aside: list[SetAside], *, quarantine: bool = False) -> Iterator[Record]:
        """The finished trials one by one, packed ones first; files that cannot be used go to `aside`.

        With `quarantine` these files are moved there; only the process that holds the grid's lock may do that.
        """
        plain = self._plain()  # before the parts: what is packed meanwhile is found in them
        for part, trials in self._parts.current().items():
            yield from self._each_of(part, [trial for trial in trials if trial not in plain], aside, quarantine)
        aside += [self._set_aside(part, reason, [], quarantine) for part, reason in self._parts.bad.items()]
        for trial in sorted(plain):
            try:
                if (record := self.find(trial)) is not None:
                    yield record
            except UnusableRecord as error:
                path = self.trials / f"{trial}.json"
                aside.append(SetAside(set_aside(path, self.quarantine) if quarantine else path, str(error)))

    def find(self, trial: str) -> Record | None:
        """A finished trial; None if it has no file. Raises UnusableRecord if that cannot be used."""
        path = self.trials / f"{trial}.json"
        with suppress(FileNotFoundError):
            if path.exists():
                return read_record(path)
        return self._unpack(trial)

    def file_of(self, trial: str) -> Path:
        """The file that holds a trial, its own or that of a part; its own if none does."""
        path = self.trials / f"{trial}.json"
        return path if path.exists() else self._parts.file_of(trial) or path

    def unreadable_parts(self) -> list[SetAside]:
        """The parts of which not even the trials are known, so that `find` does not find these."""
        self._parts.look()
        return [SetAside(part.path, reason) for part, reason in self._parts.bad.items()]

    def _plain(self) -> set[str]:
        """The trials that have a file of their own."""
        return {name.removesuffix(".json") for name in list_names(self.trials, ".json")}

    def _unpack(self, trial: str) -> Record | None:
        """A trial that is packed; None if it is not. Raises UnusableRecord."""
        try:
            text = self._parts.text(trial)
        except BadPart as error:
            raise UnusableRecord(str(error)) from error
        return None if text is None else decode_record(text, trial)

    def _each_of(self, part: Part, trials: list[str], aside: list[SetAside], quarantine: bool) -> Iterator[Record]:
        """The trials of a part; if one cannot be used, the others are moved to a new part and the old one aside."""
        usable: list[str] = []
        reasons: list[str] = []
        for trial in trials:
            try:
                if (record := self._unpack(trial)) is not None:
                    usable.append(trial)
                    yield record
            except UnusableRecord as error:
                reasons.append(f"holds trial {trial}, which {error},")
        if reasons:
            moved = self._set_aside(part, reasons[0], usable, quarantine)
            aside += [moved._replace(reason=reason) for reason in reasons]

    def _set_aside(self, part: Part, reason: str, usable: list[str], quarantine: bool) -> SetAside:
        """Move a part to the quarantine, once what can be used of it is in another."""
        if not quarantine:
            return SetAside(part.path, reason)
        texts = [(trial, self._parts.text(trial)) for trial in usable]
        if files := [Packed(trial, part.path.stat().st_mtime_ns, text) for trial, text in texts if text is not None]:
            write_part(self.trials, files)
        return SetAside(set_aside(part.path, self.quarantine), reason)


def _kept(folder: Path, record: Record, unpacked: int | None) -> int:
    """Write the file of a trial into a folder, and pack its files if they are many.

    How many are not packed then; `unpacked` says how many were before, or None if that is not known.
    """
    atomic.write_text(folder / f"{record.trial}.json", encode_record(record))
    number = len(list_names(folder, ".json")) if unpacked is None else unpacked + 1
    if number < TRIALS:
        return number
    pack(folder)
    return 0
