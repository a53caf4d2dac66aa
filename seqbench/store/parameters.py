"""Trained parameters as files: one NumPy archive for each trial, its arrays named by their place in the model.

    results/<grid>/parameters/<trial>.npz     layers/0/cell/recurrent_kernel/value, ...

The SHA-256 of the archive stands in the trial's record, and what does not agree with it is never loaded. Archives hold
arrays and nothing that could run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqbench.errors import StoreError
from seqbench.store import atomic
from seqbench.store.archive import BadArchive, largest, pack, unpack
from seqbench.store.in_use import require_folder
from seqbench.store.plain_file import digest_of, read_bytes


def parameters_path(folder: Path, trial: str) -> Path:
    """Where the parameters of a trial are kept in the results folder of its grid."""
    return folder / "parameters" / f"{trial}.npz"


def save_parameters(path: Path, tree: Any) -> str:
    """Write the arrays of a pytree, atomically.

    Returns:
        The SHA-256 of the file, which `load_parameters` asks for.

    Raises:
        StoreError: the disk refuses, or the results folder is gone.
    """
    data = pack(tree)
    require_folder(path.parent.parent)
    atomic.write_bytes(path, data)
    return digest_of(data)


def load_parameters(path: Path, like: Any, *, sha256: str) -> Any:
    """The arrays of a file as a pytree with the structure of `like`, whose leaves have their shapes and types.

    Raises:
        StoreError: there is no such file, it is damaged, or it belongs to another model.
    """
    advice = "Train the trial again."
    try:
        data = read_bytes(path, at_most=largest(like))
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}). {advice}") from error
    if digest_of(data) != sha256:
        raise StoreError(f"{path} is damaged: its SHA-256 is not that of the trial's record. {advice}")
    try:
        return unpack(data, like).tree
    except BadArchive as error:
        raise StoreError(f"{path} {error}. {advice}") from error
