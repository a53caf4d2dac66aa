"""A training step of every classic cell beside PyTorch and Flax, one core each."""

from __future__ import annotations

import contextlib
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.bench.timing import Contestant, interleave, ratio
from seqbench.execution.worker import ENVIRONMENT, SINGLE_THREAD

CONTESTANTS = Path(__file__).parent / "contestants"


OTHERS = ("pytorch", "flax")
ALLOCATED = "_same_allocator"
"""Ends the name of a contestant that has the allocator of seqbench's workers."""


class Size(NamedTuple):
    """A training step: cell, sequences a batch, steps of time, units."""

    cell: str
    batch: int
    steps: int
    width: int


BLOCKS = {"vanilla": 1, "lstm": 4, "gru": 3}
"""Gates of each cell, the candidate among them."""


def operations(cell: str, batch: int, steps: int, width: int) -> float:
    """Floating-point operations of the recurrent products in one training step: one forwards, two backwards."""
    return 3 * 2 * batch * steps * width * width * BLOCKS[cell]


class Goal(NamedTuple):
    """How many times as long as seqbench the others should take."""

    pytorch: float
    flax: float


SIZES: dict[Size, Goal] = {
    Size("vanilla", 32, 100, 64): Goal(4.0, 1.3),
    Size("lstm", 32, 100, 64): Goal(1.5, 1.5),
    Size("gru", 32, 100, 64): Goal(2.5, 1.5),
    Size("vanilla", 64, 200, 128): Goal(2.0, 1.3),
    Size("lstm", 64, 200, 128): Goal(1.5, 1.5),
    Size("gru", 64, 200, 128): Goal(1.7, 1.5),
    Size("lstm", 20, 1000, 128): Goal(1.5, 1.5),
}
"""What is timed, with the goals set before the fast paths were written."""


def time_steps(
    pytorch: Path | None, *, core: int, rounds: int, say: Callable[[str], None], sizes: Sequence[Size] = tuple(SIZES)
) -> list[dict[str, Any]]:
    """One row a size: milliseconds of each contestant (medians), ratios (medians over rounds), and the goals.

    Args:
        pytorch: the Python of an environment with PyTorch; None leaves its columns empty.
        core: the core all contestants run on, one at a time.
        rounds: how often each has its turn.
        say: called with a line about each size as it begins.
        sizes: what is timed.
    """
    rows = []
    for size in sizes:
        say(f"a training step of {size.cell}: batch {size.batch}, {size.steps} steps, {size.width} units")
        with contextlib.ExitStack() as stack:
            running = {
                name: stack.enter_context(Contestant([*command, *map(str, size)], core, environment=environment))
                for name, (command, environment) in _commands(pytorch).items()
            }
            rows.append(_row(size, interleave(running, rounds=rounds)))
    return rows


def _commands(pytorch: Path | None) -> dict[str, tuple[list[str], Mapping[str, str]]]:
    """Command and environment of each contestant: seqbench runs as its workers do, the others as a script does.

    The others also run with the allocator of the workers, so that the page tells its share of the difference.
    """
    ours = [sys.executable, "-m"]
    commands: dict[str, tuple[list[str], Mapping[str, str]]] = {
        "seqbench": ([*ours, "seqbench.bench.contestants.step_seqbench"], ENVIRONMENT),
        "flax": ([*ours, "seqbench.bench.contestants.step_flax"], SINGLE_THREAD),
        "products": ([*ours, "seqbench.bench.contestants.step_products"], ENVIRONMENT),
    }
    if pytorch:
        commands["pytorch"] = ([str(pytorch), str(CONTESTANTS / "step_pytorch.py")], SINGLE_THREAD)
    return commands | {f"{name}{ALLOCATED}": (commands[name][0], ENVIRONMENT) for name in OTHERS if name in commands}


def _row(size: Size, found: dict[str, list[float]]) -> dict[str, Any]:
    """Medians of one size, and what they are worth."""
    goal = SIZES.get(size)
    seconds = {name: statistics.median(own) for name, own in found.items()}

    def against(name: str) -> float | None:
        return ratio(found[name], found["seqbench"]) if name in found else None

    return {
        **size._asdict(),
        **{f"{name}_ms": 1000 * seconds[name] if name in seconds else None for name in ("seqbench", *OTHERS)},
        "pytorch_ratio": against("pytorch"),
        "pytorch_goal": goal.pytorch if goal else None,
        "flax_ratio": against("flax"),
        "flax_goal": goal.flax if goal else None,
        "gflops": operations(*size) / seconds["seqbench"] / 1e9,
        "products_gflops": operations(*size) / seconds["products"] / 1e9,
        "products_share": ratio(found["products"], found["seqbench"]),
        **{f"{name}_ratio{ALLOCATED}": against(f"{name}{ALLOCATED}") for name in OTHERS},
    }
