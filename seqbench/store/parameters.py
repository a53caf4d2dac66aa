"""Trained parameters as files: one NumPy archive for each trial, its arrays named by their place in the model.

    results/<grid>/parameters/<trial>.npz     layers/0/cell/recurrent_kernel/value, ...

The SHA-256 of the archive stands in the trial's record, and what does not agree with it is never loaded. Archives hold
arrays and nothing that could run.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

from seqbench.errors import StoreError
from seqbench.store import atomic


def parameters_path(folder: Path, trial: str) -> Path:
    """Where the parameters of a trial are kept in the results folder of its grid."""
    return folder / "parameters" / f"{trial}.npz"


def save_parameters(path: Path, tree: Any) -> str:
    """Write the arrays of a pytree, atomically.

    Returns:
        The SHA-256 of the file, which `load_parameters` asks for.

    Raises:
        StoreError: the disk refuses.
    """
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **{name: np.asarray(leaf) for name, leaf in by_place(tree).items()})
    atomic.write_bytes(path, archive.getvalue())
    return hashlib.sha256(archive.getvalue()).hexdigest()


def load_parameters(path: Path, like: Any, *, sha256: str) -> Any:
    """The arrays of a file as a pytree with the structure of `like`, whose leaves have their shapes and types.

    Raises:
        StoreError: there is no such file, it is damaged, or it belongs to another model.
    """
    advice = "Train the trial again."
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}). {advice}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StoreError(f"{path} is damaged: its SHA-256 is not that of the trial's record. {advice}")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} is no archive of arrays ({error}). {advice}") from error
    expected = {name: (leaf.shape, leaf.dtype) for name, leaf in by_place(like).items()}
    if {name: (array.shape, array.dtype) for name, array in arrays.items()} != expected:
        raise StoreError(f"{path} holds the parameters of another model. {advice}")
    return jax.tree.unflatten(jax.tree.structure(like), [arrays[name] for name in expected])


def by_place(tree: Any) -> dict[str, Any]:
    """The leaves of a pytree by their place in it, in order."""
    leaves = jax.tree.leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}
