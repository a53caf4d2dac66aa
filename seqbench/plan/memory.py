"""Whether this machine's memory holds the trials of a grid: what cannot be trained is refused before it is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seqbench.grid.document import Place
from seqbench.grid.lengths import LengthRange, resolve_test_lengths
from seqbench.grid.spec import Grid
from seqbench.grid.training import batch_at
from seqbench.plan.estimate import BYTES_PER_NUMBER, held_bytes, machine_bytes
from seqbench.plan.expand import Method
from seqbench.plan.model_size import ModelSize
from seqbench.plan.task_series import TaskSeries


def require_parameters(grid: Grid, subject: str, size: ModelSize) -> None:
    """Refuse a model of which not even the parameters fit, before any of them is drawn.

    Raises:
        GridError: names the memory that is needed, and the one that is there.
    """
    needed, there = held_bytes(size), machine_bytes()
    if needed > there:
        raise grid.document.error(
            (),
            f"{subject} has {size.parameters:,} parameters, which need about {_gib(needed)} GiB a worker, and this "
            f"machine has {_gib(there)}: give a smaller model",
        )


def require_batches(grid: Grid, methods: Sequence[Method], tasks: Sequence[TaskSeries]) -> None:
    """Refuse lengths of which not even a batch fits, a number a time step, before a task is built at them.

    Raises:
        GridError: names the length, the memory that is needed, and the one that is there.
    """
    there = machine_bytes()
    for task in tasks:
        trained = max(task.lengths)
        batch_size = min(batch_at(method.training["batch_size"], trained) for method in methods)
        longest = max([trained, *resolve_test_lengths(grid.test_lengths, trained)])
        if (needed := BYTES_PER_NUMBER * batch_size * longest) > there:
            raise grid.document.error(
                _lengths(grid),
                f"{task.label} at length {longest:,} needs {_gib(needed)} GiB a worker for a batch of {batch_size:,} "
                f"sequences alone, and this machine has {_gib(there)}: give shorter lengths or smaller batches",
            )


def require_trials(grid: Grid, subject: str, needed: Mapping[int, int]) -> None:
    """Refuse trials that do not fit; `needed` is the bytes of a worker by dependency length.

    Raises:
        GridError: names the length, the memory that is needed, the one that is there, and the longest that fits.
    """
    there, longest = machine_bytes(), max(needed, key=needed.__getitem__, default=0)
    if not needed or needed[longest] <= there:
        return
    fitting = [length for length, own in needed.items() if own <= there]
    advice = f"up to {max(fitting):,} fits" if fitting else "none of its lengths fits; train smaller batches"
    raise grid.document.error(
        _lengths(grid),
        f"{subject} at length {longest:,} needs about {_gib(needed[longest])} GiB a worker, and this machine has "
        f"{_gib(there)}: {advice}",
    )


def _lengths(grid: Grid) -> Place:
    """Where a grid says how long its longest sequences are."""
    return ("lengths", "to") if isinstance(grid.lengths, LengthRange) else ("lengths",)


def _gib(count: int) -> str:
    return f"{count / 2**30:,.0f}"
