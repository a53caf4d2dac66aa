"""The truth of a grid: one checked file for each finished trial.

    results/<grid>/trials/<trial>.json       {"checksum": ..., "record": {trial, settings, row, curve, probes, ...}}
    results/<grid>/failures/<trial>.json     the traceback of a trial that crashed; gone once it has finished
    results/<grid>/quarantine/               files that failed their checksum; their trials are run again

A checksum is the SHA-256 of the record as canonical JSON. A file whose content, checksum or name do not agree is moved
to the quarantine, never read as data and never deleted.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from pathlib import Path
from typing import Any

from seqbench.errors import StoreError
from seqbench.store import atomic

Record = dict[str, Any]


class TrialStore:
    """The trial files of one results folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trials = folder / "trials"
        self.failures = folder / "failures"
        self.quarantine = folder / "quarantine"

    def write(self, record: Record) -> None:
        """Keep a finished trial. Raises StoreError if the disk refuses, or the folder has gone."""
        if not self.folder.exists():  # made anew it would hold this trial alone, and no lock
            raise StoreError(f"{self.folder} has gone: it was moved, removed or unmounted. Put it back and run again.")
        record = plain(record)
        text = json.dumps({"checksum": checksum(record), "record": record}, allow_nan=False)
        atomic.write_text(self._path(record["trial"]), text)
        (self.failures / f"{record['trial']}.json").unlink(missing_ok=True)

    def write_failure(self, trial: str, traceback: str) -> None:
        """Keep why a trial crashed."""
        atomic.write_text(self.failures / f"{trial}.json", json.dumps({"trial": trial, "traceback": traceback}))

    def read_failures(self) -> dict[str, str]:
        """Traceback by trial, of the trials that crashed and have not finished since."""
        failures = {}
        for path in sorted(self.failures.glob("*.json")):
            try:
                failures[path.stem] = str(json.loads(path.read_text())["traceback"])
            except (ValueError, KeyError, TypeError):
                failures[path.stem] = f"{path} is damaged; run the trial again to see why it crashed"
        return failures

    def read(self, *, quarantine: bool = False) -> tuple[list[Record], list[Path]]:
        """All finished trials in the order of their names, and the files that are damaged.

        With `quarantine` the damaged files are moved there; only the process that holds the grid's lock may do that.
        """
        records, damaged = [], []
        for path in sorted(self.trials.glob("*.json")):
            record = read_record(path)
            if record is None:
                damaged.append(self._set_aside(path) if quarantine else path)
            else:
                records.append(record)
        return records, damaged

    def _path(self, trial: str) -> Path:
        return self.trials / f"{trial}.json"

    def _set_aside(self, path: Path) -> Path:
        try:
            self.quarantine.mkdir(exist_ok=True)
            return path.rename(self.quarantine / f"{path.stem}.{time.time_ns()}.json")
        except OSError as error:
            raise StoreError(f"{path} is damaged and cannot be moved to {self.quarantine}: {error.strerror}") from error


def plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


def checksum(record: Record) -> str:
    """SHA-256 of a record as canonical JSON."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_record(path: Path) -> Record | None:
    """The record of a trial file, or None if anything about it is wrong. Raises StoreError if it cannot be read."""
    if path.is_symlink():
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}. Mend it, or remove it and run again.") from error
    try:
        content = json.loads(data)
        record = content["record"]
        sound = content["checksum"] == checksum(record) and record["trial"] == path.stem
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return record if sound else None
