"""`seqbench bench`: how fast seqbench is beside what people would write by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqbench.bench.evaluation import time_evaluation
from seqbench.bench.grids import time_grids
from seqbench.bench.lengths import time_lengths
from seqbench.bench.overheads import time_overheads
from seqbench.bench.page import TITLES, write_page
from seqbench.bench.profile import profile_steps
from seqbench.bench.programs import time_programs
from seqbench.bench.quickstart import time_quickstart
from seqbench.bench.scale import time_scale
from seqbench.bench.scale_ray import time_scale_on_ray
from seqbench.bench.scaling import time_scaling
from seqbench.bench.steps import time_steps
from seqbench.bench.suite import time_suite
from seqbench.commands.console import out
from seqbench.components.nearest_name import advice
from seqbench.errors import UsageError

Rows = list[dict[str, Any]]


def bench(only: Sequence[str], *, pytorch: Path | None, rounds: int, workers: int, core: int, folder: Path) -> None:
    """Measure the parts named in `only`, or all, and write the page.

    Raises:
        UsageError: a part that does not exist, or a `pytorch` that is no file.
    """
    console = out()

    def say(text: str) -> None:
        console.print(f"  {text}", markup=False)

    parts = _parts(pytorch, rounds=rounds, workers=workers, core=core, say=say)
    if unknown := [name for name in only if name not in parts]:
        raise UsageError(f"there is no part {unknown[0]!r} of the benchmark{advice(unknown[0], parts)}")
    if pytorch is not None and not pytorch.is_file():
        raise UsageError(f"{pytorch} is no Python; --pytorch names that of an environment with PyTorch")
    if pytorch is None:
        say("PyTorch is left out: --pytorch names the Python of an environment that has it")
    for name in only or parts:
        console.print(TITLES[name][0])
        # Written part by part, so that an interrupted benchmark keeps what it has.
        page = write_page(folder, {name: parts[name]()})
    console.print(f"Written: {page}", markup=False)


def _parts(
    pytorch: Path | None, *, rounds: int, workers: int, core: int, say: Callable[[str], None]
) -> dict[str, Callable[[], Rows]]:
    """What measures each part; the page has other tables too, which were measured on a machine with a GPU."""
    return {
        "steps": lambda: time_steps(pytorch, core=core, rounds=rounds, say=say),
        "profile": lambda: profile_steps(core=core, say=say),
        "grids": lambda: time_grids(pytorch, processes=workers, rounds=max(1, rounds // 2), say=say),
        "programs": lambda: time_programs(rounds=rounds, say=say),
        "evaluation": lambda: time_evaluation(core=core, rounds=rounds, say=say),
        "lengths": lambda: time_lengths(core=core, rounds=rounds, say=say),
        "scaling": lambda: time_scaling(rounds=max(1, rounds // 2), say=say),
        "scale": lambda: time_scale(say=say),
        "scale_ray": lambda: time_scale_on_ray(say=say),
        "quickstart": lambda: time_quickstart(rounds=max(1, rounds // 2), say=say),
        "overheads": lambda: time_overheads(rounds=rounds, say=say),
        "suite": lambda: time_suite(say=say),
    }
