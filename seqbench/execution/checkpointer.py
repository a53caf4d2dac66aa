"""A worker's checkpoints: where its trial stands, written now and then, so that a killed one goes on from there.

Only a trial in the same environment goes on: elsewhere the bits after the checkpoint would not be those before it.
"""

from __future__ import annotations

import sys
import time

import jax
import jax.numpy as jnp

from seqbench.components.assembly import Assembly
from seqbench.execution.environment import environment, fingerprint
from seqbench.execution.job import Job
from seqbench.store.checkpoints import Facts, UnusableCheckpoint, load_checkpoint, save_checkpoint
from seqbench.store.quarantine import set_aside
from seqbench.training.program import Program
from seqbench.training.trial import Checkpoint


class Checkpointer:
    """The checkpoint file of one job; a job that names none has none, and nothing is written."""

    def __init__(self, job: Job) -> None:
        self._path = job.checkpoint
        self._seconds = job.checkpoint_seconds
        self._seed = job.seed
        self._owner = f"{job.trial} in {fingerprint(environment())} with probes {job.probes}"
        self._last = time.monotonic()

    def read(self, program: Program, assembly: Assembly) -> Checkpoint | None:
        """Where the trial stood, or None if it begins.

        A checkpoint that cannot be used is moved to the quarantine, and a line on standard error says so.
        """
        if self._path is None or not self._path.exists():
            return None
        like = program.initial(self._seed, assembly.chain)
        try:
            kept = load_checkpoint(self._path, like, owner=self._owner)
        except UnusableCheckpoint as reason:
            folder = set_aside(self._path, self._path.parent.parent / "quarantine").parent
            print(f"Checkpoint {self._path.name} {reason} and was moved to {folder}; its trial begins again.",
                  file=sys.stderr)  # fmt: skip
            return None
        return Checkpoint(jax.tree.map(jnp.asarray, kept.tree), **vars(kept.facts))

    def write(self, point: Checkpoint) -> None:
        """Write where the trial stands, if the last time is long enough ago. Raises StoreError."""
        if self._path is None or time.monotonic() - self._last < self._seconds:
            return
        facts = Facts(point.curve, point.probes, point.seconds, point.probe_seconds)
        save_checkpoint(self._path, jax.device_get(point.state), facts, owner=self._owner)
        self._last = time.monotonic()
