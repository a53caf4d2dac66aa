"""The grid of `grid_pytorch.py` as people write it by hand in Flax: `nnx.RNN`, one `nnx.jit` for each shape.

    python -m seqbench.bench.contestants.grid_flax PROCESSES OUTPUT.csv STEPS

Every process keeps what it has compiled, so that the four seeds of a method and length compile once if they meet the
same process: trials are dealt out by method and length.

Source: https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/recurrent.html
"""

from __future__ import annotations

import csv
import itertools
import multiprocessing
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

METHODS = ("vanilla", "irnn", "lstm", "gru")
LENGTHS = (25, 50, 100, 200)
SEEDS = range(4)
SYMBOLS, DISTRACTORS, WIDTH, BATCH, EVERY, EVALUATED = 8, 4, 64, 32, 100, 256
INPUTS = SYMBOLS + DISTRACTORS + 1


class Network(nnx.Module):
    """One recurrent layer and a linear read-out of its last state."""

    def __init__(self, method: str, rngs: nnx.Rngs) -> None:
        if method == "irnn":
            identity = lambda key, shape, dtype, *_: jnp.eye(shape[0], dtype=dtype)  # noqa: E731
            cell = nnx.SimpleCell(INPUTS, WIDTH, activation_fn=jax.nn.relu, recurrent_kernel_init=identity, rngs=rngs)
        else:
            cell = {"vanilla": nnx.SimpleCell, "lstm": nnx.OptimizedLSTMCell, "gru": nnx.GRUCell}[method](
                INPUTS, WIDTH, rngs=rngs
            )
        self.recurrent = nnx.RNN(cell)
        self.readout = nnx.Linear(WIDTH, SYMBOLS, rngs=rngs)

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Inputs [B, T, I] -> logits [B, O]."""
        return self.readout(self.recurrent(inputs)[:, -1])


def draw(key: jax.Array, size: int, length: int) -> tuple[jax.Array, jax.Array]:
    """Sequences [B, T, I] of a symbol, distractors and a cue, and the symbols [B]."""
    first, second = jax.random.split(key)
    symbol = jax.random.randint(first, (size, 1), 0, SYMBOLS)
    between = jax.random.randint(second, (size, length - 1), SYMBOLS, INPUTS - 1)
    cue = jnp.full((size, 1), INPUTS - 1)
    return jax.nn.one_hot(jnp.concatenate([symbol, between, cue], 1), INPUTS), symbol[:, 0]


def take_step(network: Network, optimizer: nnx.Optimizer, key: jax.Array, length: int) -> jax.Array:
    """One step on a fresh batch."""
    inputs, symbols = draw(key, BATCH, length)

    def loss(network: Network) -> jax.Array:
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(network(inputs), symbols))

    value, gradient = nnx.value_and_grad(loss)(network)
    optimizer.update(network, gradient)
    return value


def right_answers(network: Network, key: jax.Array, length: int) -> jax.Array:
    """How many of 256 fresh sequences are answered right."""
    inputs, symbols = draw(key, EVALUATED, length)
    return jnp.sum(network(inputs).argmax(-1) == symbols)


train_step: Any = nnx.jit(take_step, static_argnums=3)
count_right: Any = nnx.jit(right_answers, static_argnums=2)


def accuracy(network: Network, key: jax.Array, length: int, sequences: int) -> float:
    """Share of fresh sequences answered right."""
    batches = -(-sequences // EVALUATED)
    right = sum(int(count_right(network, jax.random.fold_in(key, batch), length)) for batch in range(batches))
    return right / (batches * EVALUATED)


def train(method: str, length: int, seed: int, steps: int) -> list[object]:
    """One trial from its first step to its row."""
    began = time.perf_counter()
    network = Network(method, nnx.Rngs(seed))
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
    optimizer = nnx.Optimizer(network, rule, wrt=nnx.Param)
    validation = 0.0
    for step in range(1, steps + 1):
        train_step(network, optimizer, jax.random.fold_in(jax.random.key(1000 + seed), step), length)
        if step % EVERY == 0:
            validation = accuracy(network, jax.random.key(2000 + seed), length, 1024)
    test = accuracy(network, jax.random.key(3000 + seed), length, 10_000)
    return [method, length, seed, validation, test, time.perf_counter() - began]


def train_seeds(series: tuple[str, int, int]) -> list[list[object]]:
    """The trials of one method and length: what they compile is compiled once."""
    method, length, steps = series
    return [train(method, length, seed, steps) for seed in SEEDS]


def main() -> None:
    """Train the grid and write its rows."""
    processes, path, steps = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    series = [(*names, steps) for names in itertools.product(METHODS, reversed(LENGTHS))]
    with multiprocessing.get_context("spawn").Pool(processes) as pool, open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["method", "length", "seed", "validation", "test", "seconds"])
        for rows in pool.imap_unordered(train_seeds, series):
            writer.writerows(rows)


if __name__ == "__main__":
    main()
