"""Files that are either the old ones or the new ones, whatever happens in between.

A temporary file beside the target is written, forced to the disk and renamed over it; then the folder is forced to the
disk as well. A full disk leaves the old file; a killed process leaves it and a temporary one, which `sweep` removes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from seqbench.errors import StoreError

TEMPORARY = re.compile(r"\..+\.(?P<process>\d+)\.tmp")
FORGOTTEN = 3600.0
"""Seconds after which a temporary file counts as abandoned, even if a process with its number is running."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically.

    Raises:
        StoreError: the disk is full, or the folder cannot be written; names the path and what to do.
    """

    def write(temporary: Path) -> None:
        temporary.write_bytes(data)

    replace(path, write)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) atomically. Raises as `write_bytes` does."""
    write_bytes(path, text.encode())


def replace(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a temporary file, then put it in place of `path`. Raises as `write_bytes` does."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _force(temporary)
        temporary.replace(path)
        _force(path.parent)
    except OSError as error:
        raise fault(error, path) from error
    finally:
        with contextlib.suppress(OSError):  # where the write was refused there may be nothing to remove
            temporary.unlink(missing_ok=True)


def rename(path: Path, target: Path) -> None:
    """Give a file or folder another name, at which nothing stands. Raises as `write_bytes` does."""
    try:
        path.rename(target)
        _force(target.parent)
    except OSError as error:
        raise fault(error, target) from error


def sweep(folder: Path) -> list[Path]:
    """Remove the temporary files that killed processes left below a folder. Only for the holder of its lock.

    Files of other running processes (a report) stay, unless they are an hour old: process numbers are reused.
    """
    swept = []
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            found = TEMPORARY.fullmatch(path.name)
            if found and _is_abandoned(path, int(found["process"])):
                with contextlib.suppress(OSError):  # gone already, or another user's: no reason not to train
                    path.unlink()
                    swept.append(path)
    return swept


def fault(error: OSError, path: Path) -> StoreError:
    """The error that says what the machine refused and what to do about it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return StoreError(
                f"Disk full: {path} could not be written ({error.strerror}). {finished_beside(path)}"
                "Free space, then run the same command again."
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StoreError(f"No permission to write {path}. Change its owner or mode, or name another --results.")
        case errno.ENOTDIR | errno.EEXIST:
            return StoreError(f"{path.parent} is not a folder. Name another --results.")
    return StoreError(f"{path} could not be written: {error.strerror or error}. {finished_beside(path)}".strip())


def finished_beside(path: Path) -> str:
    """How many finished trials lie in the results folder of a file: a sentence, empty where there are none."""
    for folder in (path.parent, path.parent.parent):
        count = sum(1 for _ in (folder / "trials").glob("*.json"))
        if count:
            return f"{count:,} finished trials are safe. " if count > 1 else "1 finished trial is safe. "
    return ""


def _is_abandoned(path: Path, process: int) -> bool:
    """Whether a temporary file belongs to no running process. This process has none when it sweeps."""
    try:
        return process == os.getpid() or not _is_running(process) or time.time() - path.lstat().st_mtime > FORGOTTEN
    except OSError:
        return False


def _is_running(process: int) -> bool:
    """Whether this machine has a process with that number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _force(path: Path) -> None:
    """Force a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
