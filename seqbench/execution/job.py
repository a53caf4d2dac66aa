"""What a worker is asked to do, as JSON can hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqbench.components.probe_selection import Asked
from seqbench.plan.plan import Group, Trial
from seqbench.store.checkpoints import checkpoint_path
from seqbench.store.parameters import parameters_path

Job = dict[str, Any]

CHECKPOINT_SECONDS = 30.0
"""Seconds of training between two checkpoints of a trial; one that takes less has none."""


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
        probes: which probes are read; see `seqbench.components.probe_selection`.
        folder: the grid's results folder, for what a worker writes itself; None if it writes nothing.
        keep_parameters: whether the trained parameters are kept there.
        checkpoint_seconds: seconds of training between two checkpoints.
    """
    return {
        "trial": trial.id,
        "group": group.key,
        "settings": trial.settings,
        "seed": trial.seed,
        "learning_rate": trial.learning_rate,
        "probes": probes,
        "probe_steps": group.probe_steps,
        "parameters": str(parameters_path(folder, trial.id)) if folder and keep_parameters else None,
        "checkpoint": str(checkpoint_path(folder, trial.id)) if folder else None,
        "checkpoint_seconds": checkpoint_seconds,
    }
