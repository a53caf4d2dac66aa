"""The last saved state of a trial: one file for each trial that has begun and not finished.

    results/<grid>/checkpoints/<trial>     SHA-256 of what follows, then a NumPy archive: arrays by place, and facts

A file that is damaged, or of another trial, environment or model, is not used: the trial begins again, and ends with
the same numbers. Archives hold arrays and nothing that could run.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.store import atomic
from seqbench.store.archive import BadArchive, pack, unpack

DIGEST = hashlib.sha256().digest_size


class Kept(NamedTuple):
    """What a checkpoint held: a pytree of arrays, and facts that JSON can hold."""

    tree: Any
    facts: dict[str, Any]


def checkpoint_path(folder: Path, trial: str) -> Path:
    """Where the checkpoint of a trial is kept in the results folder of its grid."""
    return folder / "checkpoints" / trial


def begun(folder: Path) -> set[str]:
    """The trials that have a checkpoint."""
    return {path.name for path in (folder / "checkpoints").glob("[!.]*")}


def save_checkpoint(path: Path, tree: Any, facts: dict[str, Any], *, owner: str) -> None:
    """Write a checkpoint, atomically.

    Args:
        path: see `checkpoint_path`.
        tree: a pytree of arrays.
        facts: the rest, as values that JSON can hold; NaN and infinity come back as they are.
        owner: names the trial and the environment; only they may go on from here.

    Raises:
        StoreError: the disk refuses.
    """
    data = pack(tree, json.dumps({"owner": owner, "facts": facts}))
    atomic.write_bytes(path, hashlib.sha256(data).digest() + data)


def load_checkpoint(path: Path, like: Any, *, owner: str) -> Kept | None:
    """What a checkpoint holds, with the structure of `like`; None if it is not there, not sound, or not the owner's."""
    try:
        content = path.read_bytes()
    except OSError:
        return None  # there is none, or none that can be read: either way the trial begins again
    digest, data = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(data).digest() != digest:
        return None
    try:
        contents = unpack(data, like)
        saved = json.loads(contents.text)
        return Kept(contents.tree, saved["facts"]) if saved["owner"] == owner else None
    except (BadArchive, ValueError, KeyError, TypeError):
        return None
