"""Files of a results folder, opened, read and listed.

A folder may come from an untrusted source: a link may lead out of it, and a pipe or a device may never end. So a file
is opened only if it is a plain one, in a folder that is no link. `seqbench.store.atomic` writes by the same rule.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seqbench.errors import StoreError

KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotPlainFile(OSError):
    """A link, pipe, device or folder stands where a file should, or a link where its folder should."""

    def __init__(self, path: Path, mode: int, wanted: str = "a plain file") -> None:
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        super().__init__(errno.EINVAL, f"{path} is {kind} and not {wanted}", str(path))


def read_bytes(path: Path, *, at_most: int | None = None) -> bytes:
    """The bytes of a plain file.

    Raises:
        NotPlainFile: it is something else. OSError: it cannot be read, or has more than `at_most` bytes.
    """
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if at_most is not None and size > at_most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, where {at_most:,} are the most it may have", str(path))
        return file.read()


def opened(path: Path) -> IO[bytes]:
    """A plain file, open to be read. Raises as `read_bytes`."""
    with opened_folder(path.parent) as folder:
        require_plain(path, folder)
        return os.fdopen(os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb")


def require_plain(path: Path, folder: int) -> bool:
    """Refuse what is no plain file at `path`, whose folder is open as `folder`; whether there is one.

    Raises:
        NotPlainFile: something else is there.
    """
    try:
        mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        raise NotPlainFile(path, mode)
    return True


@contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """A folder that is no link, as a descriptor for the `dir_fd` of file operations.

    Raises:
        NotPlainFile: it is a link. OSError: it is not there, is no folder or cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if path.is_symlink():
            raise NotPlainFile(path, stat.S_IFLNK, "a folder") from error
        raise
    try:
        yield handle
    finally:
        os.close(handle)


def list_names(folder: Path, ending: str = "") -> list[str]:
    """Names with an ending of what is in a folder of a results folder, in order; none if it is absent.

    Raises:
        StoreError: it is a link, is no folder, or cannot be read.
    """
    try:
        with opened_folder(folder) as handle:
            names = os.listdir(handle)
    except FileNotFoundError:
        return []
    except NotPlainFile as error:
        raise StoreError(f"{error.strerror}: move what it leads to there, or remove it") from error
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror}") from error
    return sorted(name for name in names if name.endswith(ending) and not name.startswith("."))


def list_files(folder: Path, ending: str = "") -> list[Path]:
    """The same as paths."""
    return [folder / name for name in list_names(folder, ending)]


def digest_of(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
