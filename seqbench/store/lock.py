"""One process runs a grid at a time. The operating system releases the lock when the process that holds it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from seqbench.errors import GridBusy, StoreError
from seqbench.store.atomic import fault, is_running, open_lock, remove, sweep, write_text
from seqbench.store.in_use import in_use
from seqbench.store.plain_file import read_bytes


@contextlib.contextmanager
def held(folder: Path, *, workers: int | None = None) -> Iterator[dict[str, object] | None]:
    """Hold the lock of a results folder, after removing partial files of killed processes.

    Args:
        folder: the results folder.
        workers: worker processes, noted for whoever watches.

    Yields:
        What the previous run noted in `.running.json` if it was killed or lost power, else None.

    Raises:
        GridBusy: another process holds it; says which, on what machine and since when.
        StoreError: the folder cannot be made or written, or is no longer the same (`in_use`).
    """
    note = note_path(folder)
    with open_lock(folder / ".lock") as handle, in_use(folder):
        _take(handle, folder)
        previous = _read(note)
        sweep(folder)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        said = {"process": os.getpid(), "host": socket.gethostname(), "since": since, "workers": workers}
        write_text(note, json.dumps(said))
        try:
            yield previous
        finally:
            # The note is informative only: a folder that is read-only or gone must not hide why the run ended.
            with contextlib.suppress(StoreError):
                remove(note)


def note_path(folder: Path) -> Path:
    """Where the process that holds the lock of a results folder has noted itself, until it lets go."""
    return folder / ".running.json"


def _take(handle: IO[str], folder: Path) -> None:
    """Lock the open lock file of a results folder. Raises as `held`."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        other = _read(note_path(folder)) or {}
        raise GridBusy(
            f"{folder} is being run by process {other.get('process', '?')} on {other.get('host', '?')} since "
            f"{other.get('since', '?')}. Wait for it, stop it, or name another --results."
        ) from error
    except OSError as error:
        raise fault(error, folder / ".lock") from error


def holder(folder: Path) -> dict[str, object] | None:
    """What the process that runs into a results folder has noted; None if none does, as far as this machine knows.

    The lock itself is not tried: a run that begins at that moment would find it taken.
    """
    note = _read(note_path(folder))
    if note is None or note.get("host") != socket.gethostname():
        return note
    try:
        running = is_running(int(str(note.get("process"))))
    except ValueError:  # a damaged note
        return None
    return note if running else None  # it was killed, or the power failed


def _read(note: Path) -> dict[str, object] | None:
    """The note of a run, or None if there is none that can be read."""
    try:
        content = json.loads(read_bytes(note))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
