"""A training step of seqbench: the compiled programs that trials run, on data that has been drawn.

    python -m seqbench.bench.contestants.step_seqbench CELL BATCH STEPS WIDTH

Prints "ready", then for every line N on standard input the seconds of N training steps.
"""

from __future__ import annotations

import sys
import time

import jax.numpy as jnp

from seqbench.bench.contestants.turns import take_turns
from seqbench.bench.settings import training_settings
from seqbench.components.assemble import assemble
from seqbench.protocol import block_sequences
from seqbench.training.program import Program
from seqbench.training.state import Numbers


def main() -> None:
    """Train for as many steps as standard input asks for."""
    cell, (batch, steps, width) = sys.argv[1], map(int, sys.argv[2:5])
    # Then training begins again with the first batch, so that nothing is drawn inside the time.
    budget = block_sequences(steps, batch_size=batch) // batch
    assembly = assemble(training_settings(cell, batch, steps - 1, width, budget=budget))
    program = Program(assembly)
    state = program.initial(0, assembly.chain)
    numbers = Numbers(0, 1e-3, assembly.chain.compiled)

    def train(count: int) -> float:
        nonlocal state
        began = time.perf_counter()
        for done in range(0, count, budget):
            state, _ = program.train(state._replace(step=jnp.zeros((), jnp.int32)), numbers, min(budget, count - done))
        state.step.block_until_ready()
        return time.perf_counter() - began

    take_turns(train, first=budget)


if __name__ == "__main__":
    main()
