"""The matrix products of a recurrent training step and nothing else: the rate that the core's arithmetic allows.

    python -m seqbench.bench.contestants.matrix_products CELL BATCH STEPS WIDTH

A step of time multiplies [B, H] by [H, G H] forward and [B, G H] by [G H, H] backward, one after the other because each
reads the one before; the recurrent weights' gradient is one product of [H, B T] by [B T, G H]. Prints "ready", then for
every line N on standard input the seconds of N such training steps.
"""

from __future__ import annotations

import sys
import time

import jax
import jax.numpy as jnp

BLOCKS = {"vanilla": 1, "lstm": 4, "gru": 3}
"""Gates G of each cell, the candidate among them."""


def operations(cell: str, batch: int, steps: int, width: int) -> float:
    """Floating-point operations of the recurrent products in one training step."""
    return 3 * 2 * batch * steps * width * width * BLOCKS[cell]


def main() -> None:
    """Multiply as many times as standard input asks for."""
    cell, (batch, steps, width) = sys.argv[1], map(int, sys.argv[2:5])
    wide = BLOCKS[cell] * width
    keys = jax.random.split(jax.random.key(0), 4)
    kernel = jax.random.normal(keys[0], (width, wide)) / width**0.5
    state, gates = jax.random.normal(keys[1], (batch, width)), jax.random.normal(keys[2], (batch, wide))
    kept, arriving = (jax.random.normal(keys[3], (batch * steps, size)) for size in (width, wide))

    @jax.jit
    def products(kernel: jax.Array, state: jax.Array, gates: jax.Array) -> tuple[jax.Array, ...]:
        # Each product reads something of the last one, so that none can be left out.
        def forward(_: int, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            multiplied = carry[0] @ kernel
            return carry[0].at[:, 0].set(multiplied[:, 0] * 1e-3), multiplied

        def backward(_: int, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            multiplied = carry[0] @ transposed
            return carry[0].at[:, 0].set(multiplied[:, 0] * 1e-3), multiplied

        transposed = kernel.T.copy()
        ahead = jax.lax.fori_loop(0, steps, forward, (state, gates))
        back = jax.lax.fori_loop(0, steps, backward, (gates, state))
        return *ahead, *back, kept.T @ arriving

    def train(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            found = products(kernel, state, gates)
        jnp.stack([part[0, 0] for part in found]).block_until_ready()
        return time.perf_counter() - began

    train(3)
    print("ready", flush=True)
    for line in sys.stdin:
        print(train(int(line)), flush=True)


if __name__ == "__main__":
    main()
