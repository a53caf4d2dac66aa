"""Results folders in use: each must stay the folder that it was.

A run takes hours, in which its folder may be moved, removed or unmounted, and another may come to stand at its path.
What is written then must neither make a folder anew, which would hold it alone and no lock, nor go into the other one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from seqbench.errors import StoreError


class _Identity(NamedTuple):
    """What tells a folder from another at its path."""

    device: int
    inode: int


_in_use: list[tuple[Path, _Identity]] = []
"""The folders that this process works on, as they were when it began."""


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Refuse to write below a folder once it is gone or another, and to end as if it were still there.

    Raises:
        StoreError: it is not there, or not the same at the end; says so and what to do.
    """
    own = _identity(folder)
    if own is None:
        raise _gone(folder)
    entry = folder, own
    _in_use.append(entry)
    try:
        yield
        require_same(folder)
    finally:
        _in_use.remove(entry)


def require_same(path: Path) -> None:
    """Refuse a path in a folder in use, or that folder, if it is not the same any more. Raises StoreError."""
    for folder, own in tuple(_in_use):  # other threads write too
        if path != folder and folder not in path.parents:
            continue
        now = _identity(folder)
        if now is None:
            raise _gone(folder)
        if now != own:
            raise StoreError(
                f"Another folder stands at {folder}: the one in use was moved or removed. Move this one away, put "
                "that one back and run again."
            )


def require_folder(folder: Path) -> None:
    """Refuse a results folder that has gone, from a process that does not hold its lock. Raises StoreError."""
    if _identity(folder) is None:
        raise _gone(folder)


def _gone(folder: Path) -> StoreError:
    return StoreError(f"{folder} is gone: it was moved, removed or unmounted. Restore it and run again.")


def _identity(folder: Path) -> _Identity | None:
    """Which folder stands at a path; None if none does. Raises StoreError if the disk does not say."""
    try:
        found = folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror or error}") from error
    return _Identity(found.st_dev, found.st_ino)
