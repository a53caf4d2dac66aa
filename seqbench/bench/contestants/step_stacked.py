"""Training steps of many trials of seqbench at once: gradient and update under `jax.vmap`, looped on the device.

    python -m seqbench.bench.contestants.step_stacked CELL BATCH STEPS WIDTH PRECISION WAY TRIALS...

It is how trials fill a GPU, on which one recurrent network leaves most of it idle. Every trial has its own parameters,
seed and data. PRECISION is that of products, `tf32` or `float32`; WAY is how the steps of time are taken, by a compiled
`loop` or by one `kernel`; TRIALS are the numbers of trials that can be trained at once. Prints "ready", then for every
line "TRIALS N" on standard input the seconds in which so many take N steps.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from seqbench.bench.settings import training_settings
from seqbench.components.assemble import assemble
from seqbench.components.assembly import Assembly
from seqbench.layers.kernel import has_kernel
from seqbench.layers.recurrent import recurrent_layers
from seqbench.training.data import TRAIN, Block
from seqbench.training.objective import objective
from seqbench.training.program import Program
from seqbench.training.state import State, Sums
from seqbench.training.update import StepInputs, advance

RATE = 1e-3


WAYS = {"loop": False, "kernel": True}
"""Whether layers take their steps of time by the kernel, by the word for it."""


def taken_by(program: Program, *, kernel: bool) -> nnx.GraphDef:
    """The structure of the program's model, whose recurrent layers take their steps by the kernel or by the loop.

    Raises:
        ValueError: there is no kernel for the cell.
    """
    model = nnx.merge(program.graph, jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), program.shapes))
    for layer in recurrent_layers(model).values():
        if kernel and not has_kernel(layer.cell, jnp.float32):
            raise ValueError(f"there is no kernel for {type(layer.cell).__name__} of {layer.cell.hidden} units")
        layer.kernel = kernel
    return nnx.graphdef(model)


def stacked_steps(assembly: Assembly, program: Program, batches: int, *, kernel: bool) -> Any:
    """`(states [N], blocks [N], seeds [N], steps) -> states [N]`, compiled: trials pass through their blocks again."""
    links, size = program.chain.after, assembly.training.batch_size
    total = objective(program.structure.interface, taken_by(program, kernel=kernel), program.chain.within)
    take = advance(links, assembly.optimizer)
    within, after = (tuple(dict(link.arrays) for link in part.links) for part in (program.chain.within, links))

    def one(state: State, block: Block, seed: Any) -> State:
        batch = block.batch(state.step % batches * size, size)
        (_, parts), gradient = jax.value_and_grad(total, has_aux=True)(state.parameters, batch, within)
        sums = jax.tree.map(jnp.asarray, Sums.zero(links))
        return take(state, sums, parts, gradient, StepInputs(seed, jnp.float32(RATE), after))[0]

    step = jax.vmap(one)
    return jax.jit(
        lambda states, blocks, seeds, count: jax.lax.fori_loop(
            0, count, lambda _, kept: step(kept, blocks, seeds), states
        ),
        donate_argnums=0,
    )


def full_sequences(block: Block, steps: int) -> Block:
    """A block of sequences of one length without the padding to its bucket."""
    return block._replace(inputs=block.inputs[:, :steps], steps=None)


def main() -> None:
    """Train as many trials for as many steps as standard input asks for."""
    cell, (batch, steps, width), precision, way, *sizes = sys.argv[1], map(int, sys.argv[2:5]), *sys.argv[5:]
    stacks = sorted(map(int, sizes))
    jax.config.update("jax_default_matmul_precision", "tensorfloat32" if precision == "tf32" else precision)
    assembly = assemble(training_settings(cell, batch, steps - 1, width, budget=10**6))
    program = Program(assembly)
    seeds = jnp.arange(stacks[-1], dtype=jnp.int32)
    blocks = [full_sequences(program.data.block(seed, TRAIN, 0, batch_size=batch), steps) for seed in range(stacks[-1])]
    states = [program.initial(seed, assembly.chain) for seed in range(stacks[-1])]
    given = jax.tree.map(lambda *leaves: np.stack(jax.device_get(leaves)), *zip(states, blocks, strict=True))
    together = {stack: jax.device_put(jax.tree.map(lambda leaf: leaf[:stack], given)) for stack in stacks}  # noqa: B023
    run = stacked_steps(assembly, program, len(blocks[0].inputs) // batch, kernel=WAYS[way])
    programs = {stack: run.lower(*together[stack], seeds[:stack], jnp.int32(1)).compile() for stack in stacks}

    print("ready", flush=True)
    for line in sys.stdin:
        stack, count = map(int, line.split())
        now, data = together[stack]
        began = time.perf_counter()
        now = jax.block_until_ready(programs[stack](now, data, seeds[:stack], np.int32(count)))
        seconds = time.perf_counter() - began
        together[stack] = now, data
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
