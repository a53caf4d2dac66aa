"""Pytrees of arrays as bytes: a NumPy archive, its arrays named by their place in the tree, and a text beside them.

An archive holds arrays and nothing that could run. How large it may be is known from the tree that it should hold, and
compared before anything is unpacked: a small file that unpacks to more is refused.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any, NamedTuple

import jax
import numpy as np

from seqbench.errors import SeqbenchError

TEXT = "/text"
"""No place in a tree begins with a slash."""
LARGEST_TEXT = 64 * 2**20
"""Bytes of the text beside the arrays."""
PER_ARRAY = 4096
"""Bytes that an array takes beside its values, at most: its header, and its place in the archive."""
ENDING = ".npy"
UNREADABLE = (
    ValueError, KeyError, EOFError, OSError, RuntimeError, OverflowError, NotImplementedError, MemoryError,
    struct.error, zipfile.BadZipFile,
)  # fmt: skip
"""What reading an archive raises that somebody has tampered with."""


class Contents(NamedTuple):
    """A pytree of NumPy arrays, and the text beside it."""

    tree: Any
    text: str


class BadArchive(SeqbenchError):
    """Bytes that are no archive, or not of this tree; the message says which."""


def pack(tree: Any, text: str = "") -> bytes:
    """The arrays of a pytree, and a text, as bytes."""
    archive = io.BytesIO()
    arrays = {name: np.asarray(leaf) for name, leaf in by_place(tree).items()}
    beside = {TEXT: np.frombuffer(text.encode(), np.uint8)} if text else {}
    np.savez(archive, allow_pickle=False, **beside, **arrays)
    return archive.getvalue()


def largest(like: Any) -> int:
    """Bytes that `unpack` accepts of an archive of a tree like this, at most."""
    own = sum(_bytes(leaf.shape, np.dtype(leaf.dtype)) + PER_ARRAY for leaf in by_place(like).values())
    return LARGEST_TEXT + own + 2 * PER_ARRAY


def unpack(data: bytes, like: Any) -> Contents:
    """What `pack` was given, with the structure of `like`, whose leaves have its shapes and types.

    Raises:
        BadArchive: it is no archive, unpacks to more than it may hold, or holds another tree.
    """
    expected = {name: (tuple(leaf.shape), np.dtype(leaf.dtype)) for name, leaf in by_place(like).items()}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            _require_bounded(members, largest(like))
            names = sorted(member.filename.removesuffix(ENDING) for member in members.infolist())
            if names not in (sorted(expected), sorted([*expected, TEXT])):
                raise BadArchive("holds the arrays of another model")
            arrays = {name: _array(members, name, *wanted) for name, wanted in expected.items()}
            text = _array(members, TEXT, None, np.dtype(np.uint8)).tobytes().decode() if TEXT in names else ""
    except UNREADABLE as error:
        raise BadArchive(f"is no archive of arrays ({error})") from error
    return Contents(jax.tree.unflatten(jax.tree.structure(like), [arrays[name] for name in expected]), text)


def _require_bounded(members: zipfile.ZipFile, allowed: int) -> None:
    """Refuse an archive that unpacks to more than `allowed` bytes. What `pack` writes is not compressed."""
    unpacked = sum(member.file_size for member in members.infolist())
    if unpacked > allowed:
        raise BadArchive(f"unpacks to {unpacked:,} bytes, where {allowed:,} are the most it may hold")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.infolist()):
        raise BadArchive("is compressed, which no archive of seqbench is")


def _array(
    members: zipfile.ZipFile, name: str, shape: tuple[int, ...] | None, dtype: np.dtype[Any]
) -> np.ndarray[Any, Any]:
    """One array, read only if its header says what is expected; any number of values where `shape` is None."""
    with members.open(name + ENDING) as file:
        version = np.lib.format.read_magic(file)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        found, _, kind = header(file, max_header_size=PER_ARRAY)
        wanted = (members.getinfo(name + ENDING).file_size - file.tell(),) if shape is None else shape
        if (found, kind) != (wanted, dtype):
            raise BadArchive("holds the arrays of another model")
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False, max_header_size=PER_ARRAY)


def by_place(tree: Any) -> dict[str, Any]:
    """The leaves of a pytree by their place in it, in order."""
    leaves = jax.tree.leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def _bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
