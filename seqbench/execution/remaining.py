"""What of a grid is yet to train: trials without a record, or whose record lacks what the grid asks for by now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from seqbench.components.probe_selection import Asked, selected
from seqbench.execution.known import Known
from seqbench.grid.spec import Grid
from seqbench.plan.plan import Group, Plan, Trial
from seqbench.schema import ACCURACY_AT
from seqbench.store.parameters import parameters_path


def missing(current: Plan, done: set[str], *, only: set[str] | None = None) -> list[Group]:
    """The groups with the trials that are yet to train; with `only`, those of them alone."""

    def wanted(trial: Trial) -> bool:
        return trial.id not in done and (only is None or trial.id in only)

    groups = [replace(group, trials=tuple(filter(wanted, group.trials))) for group in current.groups]
    return [group for group in groups if group.trials]


def test_label(length: int) -> str:
    """What a record says to have measured of a trial that was tested at another length."""
    return f"{ACCURACY_AT} {length}"


def probes_of(trial: Trial, asked: Asked) -> Asked:
    """The probes that are read in a trial: none where it only chooses settings, for nothing else of it is reported."""
    return asked if trial.purpose == "reporting" else "none"


def complete(finished: Known, trial: Trial, grid: Grid, folder: Path) -> bool:
    """Whether a finished trial has all that the grid asks for: probes, other lengths, and parameters if they are kept.

    They are no part of a trial's identity, because they change no number of it; trained again, it gives the same ones.
    """
    kept = finished.parameters is not None and parameters_path(folder, finished.trial).exists()
    asked = {*selected(probes_of(trial, grid.probes)), *map(test_label, trial.tested)}
    return asked <= finished.ran.probed and (kept or not grid.keep_parameters)
