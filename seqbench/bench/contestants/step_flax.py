"""A Flax training step as its documentation writes it: `nnx.RNN` under `nnx.jit`, clip by global norm, Adam.

    python -m seqbench.bench.contestants.step_flax CELL BATCH STEPS WIDTH

Prints "ready", then for every line N on standard input the seconds of N training steps.

Source: https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/recurrent.html
"""

from __future__ import annotations

import sys
import time

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from seqbench.bench.contestants.turns import take_turns

INPUTS, OUTPUTS = 13, 8


class Network(nnx.Module):
    """One recurrent layer and a linear read-out of its last state."""

    def __init__(self, cell: str, width: int, rngs: nnx.Rngs) -> None:
        kinds = {"vanilla": nnx.SimpleCell, "lstm": nnx.OptimizedLSTMCell, "gru": nnx.GRUCell}
        self.recurrent = nnx.RNN(kinds[cell](INPUTS, width, rngs=rngs))
        self.readout = nnx.Linear(width, OUTPUTS, rngs=rngs)

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Inputs [B, T, I] -> logits [B, O]."""
        return self.readout(self.recurrent(inputs)[:, -1])


def main() -> None:
    """Train on one batch for as many steps as standard input asks for."""
    cell, (batch, steps, width) = sys.argv[1], map(int, sys.argv[2:5])
    network = Network(cell, width, nnx.Rngs(0))
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
    optimizer = nnx.Optimizer(network, rule, wrt=nnx.Param)
    inputs = jax.nn.one_hot(jax.random.randint(jax.random.key(0), (batch, steps), 0, INPUTS), INPUTS)
    targets = jax.random.randint(jax.random.key(1), (batch,), 0, OUTPUTS)

    @nnx.jit
    def step(network: Network, optimizer: nnx.Optimizer) -> jax.Array:
        def loss(network: Network) -> jax.Array:
            return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(network(inputs), targets))

        value, gradient = nnx.value_and_grad(loss)(network)
        optimizer.update(network, gradient)
        return value

    cached = nnx.cached_partial(step, network, optimizer)

    def train(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            value = cached()
        value.block_until_ready()
        return time.perf_counter() - began

    take_turns(train, first=3)


if __name__ == "__main__":
    main()
