"""Training steps of many trials of seqbench at once: gradient and update under `jax.vmap`, looped on the device.

    python -m seqbench.bench.contestants.step_stacked CELL BATCH STEPS WIDTH TRIALS

It is how trials fill a GPU, on which one recurrent network leaves most of it idle. Every trial has its own parameters,
seed and data. Prints "ready", then for every line N on standard input the seconds in which all trials take N steps.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from seqbench.bench.contestants.turns import take_turns
from seqbench.bench.settings import training_settings
from seqbench.components.assemble import assemble
from seqbench.components.assembly import Assembly
from seqbench.training.data import TRAIN, Block
from seqbench.training.objective import objective
from seqbench.training.program import Program
from seqbench.training.state import State, Sums
from seqbench.training.update import StepInputs, advance

RATE = 1e-3


def stacked_steps(assembly: Assembly, program: Program, batches: int) -> Any:
    """`(states [N], blocks [N], seeds [N], steps) -> states [N]`, compiled: trials pass through their blocks again."""
    links, size = program.chain.after, assembly.training.batch_size
    total = objective(program.structure.interface, program.graph, program.chain.within)
    take = advance(links, assembly.optimizer)
    within, after = (tuple(dict(link.arrays) for link in part.links) for part in (program.chain.within, links))

    def one(state: State, block: Block, seed: Any) -> State:
        batch = block.batch(state.step % batches * size, size)
        (_, parts), gradient = jax.value_and_grad(total, has_aux=True)(state.parameters, batch, within)
        sums = jax.tree.map(jnp.asarray, Sums.zero(links))
        return take(state, sums, parts, gradient, StepInputs(seed, jnp.float32(RATE), after))[0]

    # The number of time steps is the same for all, so that the loop over time stays one loop.
    axes: Any = [None if name in ("steps", "answers") else 0 for name in Block._fields]
    shared = Block(*axes)
    step = jax.vmap(one, in_axes=(0, shared, 0))
    return jax.jit(
        lambda states, blocks, seeds, count: jax.lax.fori_loop(
            0, count, lambda _, kept: step(kept, blocks, seeds), states
        ),
        donate_argnums=0,
    )


def main() -> None:
    """Train all trials for as many steps as standard input asks for."""
    cell, (batch, steps, width, trials) = sys.argv[1], map(int, sys.argv[2:6])
    assembly = assemble(training_settings(cell, batch, steps - 1, width, budget=10**6))
    program = Program(assembly)
    blocks = [program.data.block(seed, TRAIN, 0, batch_size=batch) for seed in range(trials)]
    batches = len(blocks[0].inputs) // batch
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(b._replace(steps=None, answers=None) for b in blocks))
    together = together._replace(steps=blocks[0].steps, answers=blocks[0].answers)
    states = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *(program.initial(seed, assembly.chain) for seed in range(trials))
    )
    run, seeds = stacked_steps(assembly, program, batches), jnp.arange(trials, dtype=jnp.int32)

    def train(count: int) -> float:
        nonlocal states
        began = time.perf_counter()
        states = run(states, together, seeds, np.int32(count))
        jax.block_until_ready(states)
        return time.perf_counter() - began

    take_turns(train, first=2)


if __name__ == "__main__":
    main()
