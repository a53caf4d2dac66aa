"""A worker's checkpoints: where its trial stands, written now and then, so that a killed one goes on from there.

Only a trial in the same environment goes on: elsewhere the bits after the checkpoint would not be those before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import jax
import jax.numpy as jnp

from seqbench.components.assembly import Assembly
from seqbench.errors import StoreError
from seqbench.execution.environment import environment, fingerprint
from seqbench.execution.job import Job
from seqbench.printable import last_line
from seqbench.store.checkpoints import Facts, UnusableCheckpoint, load_checkpoint, save_checkpoint
from seqbench.store.quarantine import set_aside
from seqbench.training.program import Program
from seqbench.training.trial import Checkpoint

Trained = TypeVar("Trained")


class Checkpointer:
    """The checkpoint file of one job; a job that names none has none, and nothing is written."""

    def __init__(self, job: Job, *, say: Callable[[str], None]) -> None:
        """`say` is called with a line about a checkpoint that cannot be used."""
        self._path, self._say = job.checkpoint, say
        self._seconds = job.checkpoint_seconds
        self._seed = job.seed
        self._owner = f"{job.trial} in {fingerprint(environment())} with probes {job.probes}"
        self._last = time.monotonic()
        self._advanced = False

    def read(self, program: Program, assembly: Assembly) -> Checkpoint | None:
        """Where the trial stood, or None if it begins.

        A checkpoint that cannot be used is moved to the quarantine, and that is said.
        """
        if self._path is None or not self._path.exists():
            return None
        like = program.initial(self._seed, assembly.chain)
        try:
            kept = load_checkpoint(self._path, like, owner=self._owner)
        except UnusableCheckpoint as reason:
            self._put_aside(self._path, str(reason))
            return None
        return Checkpoint(jax.tree.map(jnp.asarray, kept.tree), **vars(kept.facts))

    def go_on(self, train: Callable[[Checkpoint | None], Trained], point: Checkpoint | None) -> Trained:
        """Train from a checkpoint, or from the beginning if that fails before anything has been trained from there.

        A checkpoint may have the right shape and still hold what no trial can go on from.
        """
        self._advanced = False
        try:
            return train(point)
        except Exception as error:
            if point is None or self._path is None or self._advanced or isinstance(error, StoreError):
                raise
            self._put_aside(self._path, f"cannot be continued ({last_line(repr(error))})")
        return train(None)

    def write(self, point: Checkpoint) -> None:
        """Write where the trial stands, if the last time is long enough ago. Raises StoreError."""
        self._advanced = True
        if self._path is None or time.monotonic() - self._last < self._seconds:
            return
        facts = Facts(point.curve, point.probes, point.seconds, point.probe_seconds)
        save_checkpoint(self._path, jax.device_get(point.state), facts, owner=self._owner)
        self._last = time.monotonic()

    def _put_aside(self, path: Path, reason: str) -> None:
        folder = set_aside(path, path.parent.parent / "quarantine").parent
        self._say(f"Checkpoint {path.name} {reason} and was moved to {folder}; its trial begins again.")
