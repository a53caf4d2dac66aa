"""Which sequences each step of training reads, at which of the trial's dependency lengths.

The length of a step's batch is drawn evenly from those that the trial is trained at, by a key of the seed and the step
alone: every method meets the same lengths, and a trial that is resumed goes on with them. The batches of a length are
read one after the other out of blocks of that length. Blocks are numbered in the order in which they are first read, so
that no two of a trial are drawn from one key.

Shapes: `S` steps of training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from seqbench.compilation import QUICK, compiled
from seqbench.training.data import LENGTHS, TRAIN, WHOLE, Block, Data, stream_key


class Order(NamedTuple):
    """Where each step finds its batch.

    source: the place of its length among those that the trial is trained at
    block: number of the block
    start: first sequence in the block
    """

    source: Int[np.ndarray, " S"]
    block: Int[np.ndarray, " S"]
    start: Int[np.ndarray, " S"]


class Batches:
    """The training batches of a trial."""

    def __init__(self, sources: Sequence[Data], *, batch_size: int, in_block: int, steps: int) -> None:
        """`sources` are the sequences of each length; `in_block` batches of `batch_size` fit into a block of any."""
        self._sources, self._batch_size, self._in_block, self._steps = sources, batch_size, in_block, steps
        self._orders: dict[int, Order] = {}

    def compile(self, sequences: int) -> None:
        """Compile what draws blocks of so many sequences, and their lengths. Idempotent."""
        for source in self._sources:
            source.program(TRAIN, sequences)
        _ = self._draw

    def at(self, seed: int, step: int) -> tuple[Block, np.int32]:
        """The block that the batch of a step is in, and its first sequence there."""
        order = self.order(seed)
        source, block = self._sources[order.source[step]], int(order.block[step])
        return source.block(seed, TRAIN, block, batch_size=self._batch_size), order.start[step]

    def order(self, seed: int) -> Order:
        """Where each step finds its batch; the last seed's is kept."""
        if seed not in self._orders:
            source = np.asarray(self._draw(np.int32(seed), np.arange(self._steps, dtype=np.int32)))
            self._orders = {seed: in_order(source, batch_size=self._batch_size, in_block=self._in_block)}
        return self._orders[seed]

    @cached_property
    def _draw(self) -> Callable[..., Any]:
        """`(seed, steps) -> the place of the length that each step's batch has`."""
        count = len(self._sources)
        if count == 1:
            return lambda seed, steps: np.zeros_like(steps)

        def draw(seed: Int[Array, ""], steps: Int[Array, " S"]) -> Int[Array, " S"]:
            keys = jax.vmap(jax.random.fold_in, (None, 0))(stream_key(seed, LENGTHS), steps)
            return jax.vmap(lambda key: jax.random.randint(key, (), 0, count))(keys)

        steps: Any = jax.ShapeDtypeStruct((self._steps,), jnp.int32)
        return compiled(draw, WHOLE, steps, options=QUICK)


def in_order(source: Int[np.ndarray, " S"], *, batch_size: int, in_block: int) -> Order:
    """Where each step finds its batch, if the batches of each source are read one after the other."""
    first, start = np.zeros((2, len(source)), np.int32)
    for place in np.unique(source):
        steps = np.flatnonzero(source == place)
        rank = np.arange(len(steps))
        first[steps] = steps[rank - rank % in_block]
        start[steps] = rank % in_block * batch_size
    return Order(source, np.unique(first, return_inverse=True)[1].astype(np.int32), start)
