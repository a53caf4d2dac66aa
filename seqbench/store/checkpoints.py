"""The last saved state of a trial: one file for each trial that has begun and not finished.

    results/<grid>/checkpoints/<trial>     SHA-256 of what follows, then a NumPy archive: arrays by place, and facts

A file that is damaged, of another format, or of another trial, environment or model, is not used: the trial begins
again, and ends with the same numbers. Archives hold arrays and nothing that could run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.store import atomic
from seqbench.store.archive import BadArchive, largest, pack, unpack
from seqbench.store.in_use import require_folder
from seqbench.store.plain_file import list_names, read_bytes
from seqbench.store.records import evaluation_shape, measurement_shape

DIGEST = hashlib.sha256().digest_size
FORMAT = 1
"""Version of checkpoints; raised when a column of a curve, a field of the facts or of a trial's state is added, removed
or changes its meaning. 0 had no version."""


class UnusableCheckpoint(Exception):
    """A checkpoint from which its trial cannot go on; the message says why, to be read after the file's name."""


@dataclass(frozen=True)
class Facts:
    """What is kept of a trial beside arrays.

    curve, probes: one mapping per evaluation and per measurement so far
    seconds, probe_seconds: wall-clock time of training and evaluation, and of probes
    """

    curve: tuple[dict[str, Any], ...]
    probes: tuple[dict[str, Any], ...]
    seconds: float
    probe_seconds: float


class Kept(NamedTuple):
    """What a checkpoint held: a pytree of arrays, and the facts beside it."""

    tree: Any
    facts: Facts


def checkpoint_path(folder: Path, trial: str) -> Path:
    """Where the checkpoint of a trial is kept in the results folder of its grid."""
    return folder / "checkpoints" / trial


def begun(folder: Path) -> set[str]:
    """The trials that have a checkpoint."""
    return set(list_names(folder / "checkpoints"))


def save_checkpoint(path: Path, tree: Any, facts: Facts, *, owner: str) -> None:
    """Write a checkpoint, atomically.

    Args:
        path: see `checkpoint_path`.
        tree: a pytree of arrays.
        facts: the rest; NaN and infinity come back as they are.
        owner: names the trial and the environment; only they may go on from here.

    Raises:
        StoreError: the disk refuses, or the results folder is gone.
    """
    require_folder(path.parent.parent)
    data = pack(tree, json.dumps({"format": FORMAT, "owner": owner, "facts": vars(facts)}))
    atomic.write_bytes(path, hashlib.sha256(data).digest() + data)


def load_checkpoint(path: Path, like: Any, *, owner: str) -> Kept:
    """What a checkpoint holds, with the structure of `like`.

    Raises:
        UnusableCheckpoint: it cannot be read, is damaged, has another format or belongs to another owner or model.
    """
    try:
        content = read_bytes(path, at_most=DIGEST + largest(like))
    except OSError as error:
        raise UnusableCheckpoint(f"cannot be read ({error.strerror})") from error
    digest, data = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(data).digest() != digest:
        raise UnusableCheckpoint("failed its checksum")
    try:
        contents = unpack(data, like)
        saved = json.loads(contents.text)
        version = saved.get("format", 0)
        if version != FORMAT:
            raise UnusableCheckpoint(f"has format {version}, and this version of seqbench reads {FORMAT}")
        if saved["owner"] != owner:
            raise UnusableCheckpoint("was written in another environment or with other probes")
        _shape().model_validate(saved["facts"])
        facts = saved["facts"]
        return Kept(contents.tree, Facts(**facts | {"curve": tuple(facts["curve"]), "probes": tuple(facts["probes"])}))
    except BadArchive as error:
        raise UnusableCheckpoint(f"is not of this model ({error})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnusableCheckpoint("has the shape of another version of seqbench") from error


@cache
def _shape() -> Any:
    """The pydantic model of the facts. Values are checked and never converted: they stay as they were written."""
    from pydantic import NonNegativeFloat, create_model

    evaluation, measurement = evaluation_shape(), measurement_shape()
    return create_model(
        "FactsShape",
        curve=(list[evaluation], ...),  # type: ignore[valid-type]
        probes=(list[measurement], ...),  # type: ignore[valid-type]
        seconds=(NonNegativeFloat, ...),
        probe_seconds=(NonNegativeFloat, ...),
    )
