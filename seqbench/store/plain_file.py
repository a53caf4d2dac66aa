"""Files of a results folder as bytes.

A folder may come from an untrusted source, so only plain files are read: a link may lead out of it, and a pipe or a
device may never end.
"""

from __future__ import annotations

import errno
import hashlib
import stat
from pathlib import Path


class NotPlainFile(OSError):
    """A link, pipe, device or folder stands where a file should."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "it is not a plain file", str(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a plain file.

    Raises:
        NotPlainFile: it is something else. OSError: it cannot be read.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotPlainFile(path)
    return path.read_bytes()


def digest_of(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
