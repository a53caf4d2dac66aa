"""Milliseconds of a training step of seqbench by kind of operation, as one line of JSON.

python -m seqbench.bench.contestants.step_profile CELL BATCH STEPS WIDTH
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import jax
import jax.numpy as jnp

from seqbench.bench.profile import CONTAINERS, KINDS, kinds_of
from seqbench.bench.settings import training_settings
from seqbench.components.assemble import assemble
from seqbench.training.program import Program
from seqbench.training.state import Numbers

STEPS = 8
"""Training steps under the profiler at a time; none draws data."""

ROUNDS = 9
"""Traces, of which each figure is the median."""


def milliseconds(folder: Path, kinds: dict[str, dict[str, str]]) -> dict[str, float]:
    """What the operations of a trace took, by kind; those of other modules than the ones in `kinds` are `update`."""
    [path] = folder.rglob("*.xplane.pb")
    found = dict.fromkeys((*KINDS, "update"), 0.0)
    for plane in jax.profiler.ProfileData.from_file(str(path)).planes:
        for event in (event for line in plane.lines for event in line.events):
            module = dict(event.stats).get("hlo_module")
            if module is None or event.name.startswith(CONTAINERS):
                continue
            known = kinds.get(str(module))
            found[known[event.name] if known else "update"] += event.duration_ns / 1e6
    return found


def main() -> None:
    """Trace training steps on one batch after the other of one block."""
    cell, (batch, steps, width) = sys.argv[1], map(int, sys.argv[2:5])
    assembly = assemble(training_settings(cell, batch, steps - 1, width, budget=STEPS))
    program = Program(assembly)
    state = program.initial(0, assembly.chain)
    numbers = Numbers(0, 1e-3, assembly.chain.compiled)
    text = program.gradient.as_text() or ""
    kinds = {text.split(None, 2)[1].rstrip(","): kinds_of(text)}
    rounds = []
    for _ in range(ROUNDS + 1):
        state = state._replace(step=jnp.zeros((), jnp.int32))
        with tempfile.TemporaryDirectory() as folder:
            with jax.profiler.trace(folder):
                began = time.perf_counter()
                state, _ = program.train(state, numbers, STEPS)
                jax.block_until_ready(state)
                whole = 1000 * (time.perf_counter() - began)
            found = milliseconds(Path(folder), kinds)
        rounds.append({**found, "rest": whole - sum(found.values())})
    # The first round compiles.
    print(
        json.dumps({f"{name}_ms": statistics.median(each[name] for each in rounds[1:]) / STEPS for name in rounds[0]})
    )


if __name__ == "__main__":
    main()
