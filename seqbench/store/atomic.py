"""Files that are either the old ones or the new ones, whatever happens in between.

A temporary file beside the target is written, forced to the disk and renamed over it; then the folder is forced to the
disk as well, and the one above it where it is new. A full disk leaves the old file; a killed process leaves it and a
temporary one, which `sweep` removes.

Nothing is written through a link: the folder must be none, and the target a plain file or absent (`plain_file`). Nor
below a results folder in use that has been moved away (`in_use`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from seqbench.errors import StoreError
from seqbench.store.in_use import require_same
from seqbench.store.part_name import ENDING, NAME
from seqbench.store.plain_file import NotPlainFile, opened_folder, require_plain

TEMPORARY = re.compile(r"\..+\.(?P<process>\d+)\.tmp")
FORGOTTEN = 3600.0
"""Seconds after which a temporary file counts as abandoned, even if a process with its number is running."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically. Raises as `write_pieces` does."""
    write_pieces(path, (data,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file atomically, piece by piece.

    Raises:
        StoreError: the disk is full, the folder cannot be written or is in use and gone (`in_use`), or the path is a
            link, pipe, device or folder; names the path and what to do.
    """
    require_same(path)
    try:
        _make_folder(path.parent)
        with opened_folder(path.parent) as folder:
            require_plain(path, folder)
            _replace(path.name, pieces, folder)
    except OSError as error:
        raise fault(error, path) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) atomically. Raises as `write_bytes` does."""
    write_bytes(path, text.encode())


def open_lock(path: Path) -> IO[str]:
    """A file to hold a lock on, made if absent. Raises as `write_bytes` does."""
    try:
        _make_folder(path.parent)
        with opened_folder(path.parent) as folder:
            require_plain(path, folder)
            handle = os.open(path.name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666, dir_fd=folder)
        return os.fdopen(handle, "r+")
    except OSError as error:
        raise fault(error, path) from error


def remove(path: Path) -> None:
    """Remove a file, or the link itself where a link stands; nothing if it is absent. Raises as `write_bytes` does."""
    require_same(path)
    try:
        with opened_folder(path.parent) as folder:
            os.unlink(path.name, dir_fd=folder)
            os.fsync(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise fault(error, path) from error


def rename(path: Path, target: Path) -> None:
    """Give a file or folder another name, at which nothing stands. Raises as `write_bytes` does."""
    require_same(target)
    try:
        _make_folder(target.parent)
        with opened_folder(path.parent) as source, opened_folder(target.parent) as folder:
            os.rename(path.name, target.name, src_dir_fd=source, dst_dir_fd=folder)
            os.fsync(folder)
    except OSError as error:
        raise fault(error, target) from error


def _make_folder(path: Path) -> None:
    """Make a folder, and those above it that are absent, and force their names to the disk.

    A file that is forced to the disk is lost all the same if the power fails before the name of its folder is there.
    """
    if path.exists():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    above = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(above)
    finally:
        os.close(above)


def _replace(name: str, pieces: Iterable[bytes], folder: int) -> None:
    """Write a file of an open folder, atomically."""
    temporary = f".{name}.{os.getpid()}.tmp"
    with contextlib.suppress(FileNotFoundError):  # of a killed process that had this number before
        os.unlink(temporary, dir_fd=folder)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(handle)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    finally:
        with contextlib.suppress(OSError):  # where the write was refused there may be nothing to remove
            os.unlink(temporary, dir_fd=folder)


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
    if isinstance(error, NotPlainFile):
        return StoreError(f"{error.strerror}: nothing is written through it. Move it away, then run again.")
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
        # Whatever is there: this words an error. The name of a part says how many trials it holds.
        count = sum(1 for _ in (folder / "trials").glob("*.json"))
        parts = (NAME.fullmatch(path.name) for path in (folder / "trials").glob(f"*{ENDING}"))
        count += sum(int(part["count"]) for part in parts if part)
        if count:
            return f"{count:,} finished trials are safe. " if count > 1 else "1 finished trial is safe. "
    return ""


def _is_abandoned(path: Path, process: int) -> bool:
    """Whether a temporary file belongs to no running process. This process has none when it sweeps."""
    try:
        return process == os.getpid() or not is_running(process) or time.time() - path.lstat().st_mtime > FORGOTTEN
    except OSError:
        return False


def is_running(process: int) -> bool:
    """Whether this machine has a process with that number; 0 and below stand for groups, and are no process."""
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
