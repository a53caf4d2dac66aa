"""Files that are either the old ones or the new ones, whatever happens in between.

A temporary file beside the target is written, forced to the disk and renamed over it; then the folder is forced to the
disk as well. A full disk or a killed process leaves the old file and at most a temporary one.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from seqbench.errors import StoreError


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
        with contextlib.suppress(OSError):  # where the write was refused there may be nothing to remove
            temporary.unlink(missing_ok=True)
        raise fault(error, path) from error


def fault(error: OSError, path: Path) -> StoreError:
    """The error that tells a person what the machine refused and what to do about it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return StoreError(
                f"Disk full: {path} could not be written. Finished trials are safe; free space, run again."
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StoreError(f"No permission to write {path}. Change its owner or mode, or name another --results.")
        case errno.ENOTDIR | errno.EEXIST:
            return StoreError(f"{path.parent} is not a folder. Name another --results.")
    return StoreError(f"{path} could not be written: {error.strerror or error}.")


def _force(path: Path) -> None:
    """Force a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
