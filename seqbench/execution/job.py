"""What a worker is asked to do: train one trial. A job travels to the worker as one line of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from seqbench.components.carried import carried_in
from seqbench.components.catalogue import Component
from seqbench.components.probe_selection import Asked, selected
from seqbench.execution.messages import FORMAT, read_message
from seqbench.execution.remaining import probes_of
from seqbench.grid_folder import beside
from seqbench.plan.plan import Group, Trial
from seqbench.store.checkpoints import checkpoint_path
from seqbench.store.parameters import parameters_path

CHECKPOINT_SECONDS = 30.0
"""Seconds of training between two checkpoints of a trial; one that takes less has none."""


@dataclass(frozen=True)
class Job:
    """One trial to train.

    trial, group: identities of the trial and of the compiled program that it needs
    settings: the trial's complete settings; see `seqbench.components.assemble`
    probes: which probes are read, under the labels by which results remember them
    tested: other dependency lengths at which the trained network is tested
    parameters: file to keep the trained parameters in, or None
    checkpoint: file to continue from and to write checkpoints to, or None
    checkpoint_seconds: seconds of training between two checkpoints
    carried: programs of the functions of a notebook or a script that the settings name
    beside: folder of the grid, in which modules of the user's own are looked for, or None
    files: folder of the grid, in which data files alone are looked for where `beside` is None, or None
    """

    trial: str
    group: str
    settings: dict[str, Any]
    seed: int
    learning_rate: float
    probes: dict[str, Component]
    tested: tuple[int, ...]
    parameters: Path | None
    checkpoint: Path | None
    checkpoint_seconds: float
    carried: dict[str, str] = field(default_factory=dict)
    beside: str | None = None
    files: str | None = None

    def encode(self) -> str:
        """The job as one line of JSON."""
        return json.dumps({"format": FORMAT, **vars(self)}, default=str)  # paths become text


def decode_job(line: str) -> Job:
    """The job that a line encodes.

    Raises:
        ValueError: the line is no JSON.
        MessageError: it is no job, or was written by another version of seqbench.
    """
    found: Job = read_message(_adapter(), line)
    return found


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Job)


def job_of(
    trial: Trial,
    group: Group,
    *,
    probes: Asked = "none",
    folder: Path | None = None,
    keep_parameters: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Job:
    """The job of training a trial.

    Args:
        trial: what is trained.
        group: whose compiled program it needs.
        probes: which probes are read if the trial is reported; see `seqbench.components.probe_selection`.
        folder: the grid's results folder, for what a worker writes itself; None if it writes nothing.
        keep_parameters: whether the trained parameters are kept there.
        checkpoint_seconds: seconds of training between two checkpoints.
    """
    return Job(
        trial=trial.id,
        group=group.key,
        settings=trial.settings,
        seed=trial.seed,
        learning_rate=trial.learning_rate,
        probes=selected(probes_of(trial, probes)),
        tested=trial.tested,
        parameters=parameters_path(folder, trial.id) if folder and keep_parameters else None,
        checkpoint=checkpoint_path(folder, trial.id) if folder else None,
        checkpoint_seconds=checkpoint_seconds,
        carried=carried_in(trial.settings, probes),
        beside=beside(),
    )
