"""Trials stacked on a GPU, beside PyTorch with cuDNN training one at a time.

    python -m seqbench.bench.stacked PYTORCH

PYTORCH is the Python of an environment with PyTorch for the GPU. Prints the machine and the rows of the page's table
as JSON.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.bench.contestants.step_stacked import WAYS
from seqbench.bench.steps import BLOCKS, CONTESTANTS, SIZES, Size
from seqbench.bench.timing import Contestant, Timed, interleave, ratio

CASES = [*((size, "tf32") for size in SIZES), (Size("lstm", 64, 200, 128), "float32")]
"""What is timed, and the precision of products: TF32 is the default of cuDNN and of JAX on such a GPU."""

GOAL = 20
"""Times as long as PyTorch should take for a trial."""

ROUND_SECONDS = 0.4
"""About how long one contestant runs before the next has its turn: a GPU's clock is steadier than a shared core's."""

SUMS_OF_MOST = 2_000_000_000
"""Sums of units in all steps of all stacked trials, above which fewer are stacked. On a GPU of 78 GiB, which two
contestants share, 1.7 billion fit and 3.4 do not."""

ON_DEMAND = {"XLA_PYTHON_CLIENT_ALLOCATOR": "platform", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""Environment in which JAX gives the GPU's memory back, so that contestants can share it."""


class Stack(NamedTuple):
    """So many trials of a contestant, which have turns together."""

    contestant: Contestant
    trials: int

    def seconds(self, repetitions: int) -> float:
        """Seconds of one step of all."""
        return self.contestant.ask(f"{self.trials} {repetitions}") / repetitions


def stacks_of(size: Size) -> tuple[int, int, int]:
    """How many trials are stacked: one, some, and as many as fill the GPU."""
    sums = size.batch * size.steps * size.width * BLOCKS[size.cell]
    return 1, 64, next((trials for trials in (512, 256) if trials * sums <= SUMS_OF_MOST), 128)


def time_stacked(
    pytorch: Path, *, rounds: int, say: Callable[[str], None], cases: Sequence[tuple[Size, str]] = tuple(CASES)
) -> list[dict[str, Any]]:
    """One row a case: milliseconds of a training step of one trial, medians over rounds in turn.

    Args:
        pytorch: the Python of an environment with PyTorch.
        rounds: how often each has its turn.
        say: called with a line about each row.
        cases: what is timed, and in which precision.
    """
    rows = []
    for size, precision in cases:
        with contextlib.ExitStack() as running:
            own = {way: running.enter_context(_stacked(size, precision, way)) for way in WAYS}
            other = running.enter_context(_pytorch(pytorch, size, precision))
            rows.append(row(size, precision, own, other, rounds=rounds))
        say(json.dumps(rows[-1]))
    return rows


def _stacked(size: Size, precision: str, way: str) -> Contestant:
    module, arguments = "seqbench.bench.contestants.step_stacked", [*size, precision, way, *stacks_of(size)]
    return Contestant([sys.executable, "-m", module, *map(str, arguments)], None, environment=ON_DEMAND)


def _pytorch(python: Path, size: Size, precision: str) -> Contestant:
    arguments = [*size, "cuda", precision]
    return Contestant([str(python), str(CONTESTANTS / "step_pytorch.py"), *map(str, arguments)], None, environment={})


def row(size: Size, precision: str, own: Mapping[str, Contestant], other: Contestant, *, rounds: int) -> dict[str, Any]:
    """What the table says of one case: those of `own`, by their way, take steps of many trials, `other` of one."""
    stacks = stacks_of(size)
    places = [(way, trials) for way in own for trials in stacks]
    turns: dict[str, Timed] = {f"{way} {trials}": Stack(own[way], trials) for way, trials in places}
    found = interleave({"pytorch": other, **turns}, rounds=rounds, round_seconds=ROUND_SECONDS)
    a_trial = {place: [seconds / place[1] for seconds in found[f"{place[0]} {place[1]}"]] for place in places}
    names = dict(zip(stacks, ("1", "64", "most"), strict=True))
    return {
        **size._asdict(),
        "precision": precision,
        "pytorch_ms": 1000 * statistics.median(found["pytorch"]),
        **{f"{way}_{names[trials]}_ms": 1000 * statistics.median(a_trial[way, trials]) for way, trials in places},
        "most": stacks[-1],
        **{f"{way}_ratio": ratio(found["pytorch"], a_trial[way, stacks[-1]]) for way in own},
        "goal": GOAL,
    }


def _machine(pytorch: Path) -> str:
    """The GPU and the versions of what runs on it."""
    import flax
    import jax
    import optax

    asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    name = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    about = "import torch; print(f'PyTorch {torch.__version__.split(chr(43))[0]} with CUDA {torch.version.cuda}')"
    torch = subprocess.run([str(pytorch), "-c", about], capture_output=True, text=True, check=True).stdout.strip()
    return f"{name}, jax {jax.__version__}, flax {flax.__version__}, optax {optax.__version__}, {torch}"


def main() -> None:
    """Measure all sizes."""
    pytorch = Path(sys.argv[1])
    rows = time_stacked(pytorch, rounds=3, say=lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps({"machine": _machine(pytorch), "rows": rows}))


if __name__ == "__main__":
    main()
