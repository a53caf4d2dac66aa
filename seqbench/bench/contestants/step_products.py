"""The recurrent matrix products of a training step and nothing else: what a step would take if all else were free.

    python -m seqbench.bench.contestants.step_products CELL BATCH STEPS WIDTH

In every step of time one product forwards and one backwards, each with the result of the one before, so that none can
be left out or taken with another; then the recurrent kernel's gradient as one product over all steps. XLA takes them,
as it takes those of seqbench. Prints "ready", then for every line N on standard input the seconds of N such steps.
"""

from __future__ import annotations

import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from seqbench.bench.contestants.turns import take_turns
from seqbench.bench.steps import BLOCKS


@partial(jax.jit, static_argnames="steps")
def products(
    state: Float[Array, "B H"],
    cotangent: Float[Array, "B Q"],
    states: Float[Array, "TB H"],
    cotangents: Float[Array, "TB Q"],
    kernel: Float[Array, "H Q"],
    *,
    steps: int,
) -> tuple[Float[Array, "B H"], Float[Array, "B Q"], Float[Array, "H Q"]]:
    """The last state, the last cotangent, whose first H columns are the product's, and the kernel's gradient."""
    width = len(kernel)
    transposed = jax.lax.optimization_barrier(kernel.T)
    state = jax.lax.fori_loop(0, steps, lambda _, at: (at @ kernel)[:, :width], state)
    cotangent = jax.lax.fori_loop(0, steps, lambda _, at: at.at[:, :width].set(at @ transposed), cotangent)
    return state, cotangent, states.T @ cotangents


def arguments(batch: int, steps: int, width: int, blocks: int) -> list[Array]:
    """Random arguments of `products`; the kernel's first block is orthogonal, so that nothing grows or dies out."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(width, blocks * width)) / steps
    kernel[:, :width] = np.linalg.qr(rng.normal(size=(width, width)))[0]
    shapes = [(batch, width), (batch, blocks * width), (steps * batch, width), (steps * batch, blocks * width)]
    return [jnp.asarray(x, jnp.float32) for x in [*(rng.normal(size=shape) for shape in shapes), kernel]]


def main() -> None:
    """Take the products of as many training steps as standard input asks for."""
    cell, (batch, steps, width) = sys.argv[1], map(int, sys.argv[2:5])
    given = arguments(batch, steps, width, BLOCKS[cell])

    def take(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            jax.block_until_ready(products(*given, steps=steps))
        return time.perf_counter() - began

    take_turns(take, first=3)


if __name__ == "__main__":
    main()
