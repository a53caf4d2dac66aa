"""Pytrees of arrays as bytes: a NumPy archive, its arrays named by their place in the tree, and a text beside them.

An archive holds arrays and nothing that could run. How large it may be is known from the tree that it should hold, and
compared before anything is unpacked: a small file that unpacks to more is refused.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any, NamedTuple

import jax
import numpy as np

from seqbench.errors import SeqbenchError

TEXT = "/text"
"""No place in a tree begins with a slash."""
LARGEST_TEXT = 64 * 2**20
"""Bytes of the text beside the arrays."""
HEADER = 4096
"""Bytes of an array's own header in the archive, at most."""


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


def unpack(data: bytes, like: Any) -> Contents:
    """What `pack` was given, with the structure of `like`, whose leaves have its shapes and types.

    Raises:
        BadArchive: it is no archive, unpacks to more than it may hold, or holds another tree.
    """
    expected = {name: (leaf.shape, np.dtype(leaf.dtype)) for name, leaf in by_place(like).items()}
    allowed = LARGEST_TEXT + sum(_bytes(*one) + HEADER for one in expected.values())
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            unpacked = sum(member.file_size for member in members.infolist())
        if unpacked > allowed:
            raise BadArchive(f"unpacks to {unpacked:,} bytes, where {allowed:,} are the most it may hold")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        text = arrays.pop(TEXT).tobytes().decode() if TEXT in arrays else ""
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BadArchive(f"is no archive of arrays ({error})") from error
    if {name: (array.shape, array.dtype) for name, array in arrays.items()} != expected:
        raise BadArchive("holds the arrays of another model")
    return Contents(jax.tree.unflatten(jax.tree.structure(like), [arrays[name] for name in expected]), text)


def by_place(tree: Any) -> dict[str, Any]:
    """The leaves of a pytree by their place in it, in order."""
    leaves = jax.tree.leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def _bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
