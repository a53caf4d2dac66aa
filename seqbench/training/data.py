"""The sequences of a trial: drawn in blocks by a program of their own, and kept for the other trials that want them.

A block is what one key of a stream gives: some 2,048 sequences, padded to the bucket of their length, symbols in the
smallest type that holds them. A step of training takes its batch out of one (`seqbench.training.batches`), and
evaluation its sequences from the beginning of the first one on. What a block holds depends on the task, the seed and
the stream alone, so that every method meets the same data, and a worker need not draw it again for the next method or
evaluation.

Shapes: `N` sequences of a block, `T` steps and `K` targets of the buffers, `I` inputs, `O` outputs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Num

from seqbench.compilation import LIGHT, Name, compiled
from seqbench.protocol import block_sequences
from seqbench.tasks.base import Batch, Groups, Interface, Task

TRAIN, VALIDATION, TEST, INITIAL, LENGTHS = range(5)
"""Names of a seed's key streams. They are disjoint by construction, and the same for every method."""

PROBES = 2**31 - 1
"""The block of validation data that probes look at, far behind those that evaluation reads."""

KEPT_BYTES = 256 * 2**20
"""Bytes of blocks that a process keeps; those asked for longest ago go first."""


WHOLE = jax.ShapeDtypeStruct((), jnp.int32)
Sampler = Callable[[Key[Array, ""], int], Batch]


class Block(NamedTuple):
    """`N` consecutive sequences of a stream. Fields are those of `Batch`, in small types.

    lengths: steps of each sequence, where they differ; the mask follows from them
    steps, answers: as in `Batch`
    """

    inputs: Num[Array, "N T *I"]
    targets: Num[Array, "N K *O"]
    weights: Float[Array, "N K"]
    distance: Int[Array, "N K"]
    lengths: Int[Array, " N"] | None
    prompt: Int[Array, "N K"] | None
    loss_weights: Float[Array, "N K"] | None
    steps: Int[Array, ""] | None
    answers: Int[Array, ""] | None

    def batch(self, start: Int[Array, ""], size: int) -> Batch:
        """The `size` sequences from `start` on, traced."""
        scalars = {"steps": self.steps, "answers": self.answers}
        rows = jax.tree.map(
            lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, start, size), self._replace(steps=None, answers=None)
        )
        ends = self.inputs.shape[1] if self.steps is None else self.steps
        return Batch(
            inputs=_wide(rows.inputs),
            targets=_wide(rows.targets),
            mask=jnp.arange(self.inputs.shape[1]) < jnp.broadcast_to(
                ends if rows.lengths is None else rows.lengths, (size,))[:, None],
            weights=rows.weights,
            distance=rows.distance,
            prompt=rows.prompt if rows.prompt is None else _wide(rows.prompt),
            loss_weights=rows.loss_weights,
            **scalars,
        )  # fmt: skip

    def grouped(self, groups: Groups) -> Block:
        """The block with the number that puts each target into its group where its distance stands."""
        counts = groups.number_of(np.asarray(_wide(self.inputs)))
        return self._replace(distance=jnp.asarray(counts, jnp.int32))

    def first(self, size: int, task: Task) -> Batch:
        """The first sequences on the host, without the padding to the bucket."""
        rows = jax.tree.map(lambda leaf: np.asarray(leaf)[:size], self._replace(steps=None, answers=None))
        steps = np.full(len(rows.inputs), task.steps) if rows.lengths is None else rows.lengths

        def cut(leaf: Any) -> Any:
            return None if leaf is None else _wide(leaf[:, : task.targets])

        return Batch(
            inputs=_wide(rows.inputs[:, : task.steps]),
            targets=cut(rows.targets),
            mask=np.arange(task.steps) < steps[:, None],  # type: ignore[arg-type]
            weights=cut(rows.weights),
            distance=cut(rows.distance),
            prompt=cut(rows.prompt),
            loss_weights=cut(rows.loss_weights),
        )


def _wide(values: Any) -> Any:
    """Whole numbers in the type that arithmetic takes; features as they are."""
    return values.astype(np.int32) if jnp.issubdtype(values.dtype, jnp.integer) else values


class Data:
    """The blocks of one task, padded for programs of one interface."""

    def __init__(self, task: Task, interface: Interface, name: Name | None) -> None:
        """`name` names the task at its length, if anything does."""
        self._task, self._interface = task, interface
        self._name = name and name.of(interface.steps, interface.targets, interface.bucketed)
        self._key: Hashable = self._name or object()
        self._programs: dict[tuple[int, Hashable], jax.stages.Compiled] = {}

    def block(self, seed: int, stream: int, index: int, *, batch_size: int = 1) -> Block:
        """A block of one of a seed's streams, of one batch at least."""
        sequences = block_sequences(self._interface.steps, batch_size=batch_size)
        known = (self._key, sequences, seed, stream, index)
        if known not in _kept:
            _keep(known, self.program(stream, sequences)(*map(np.int32, (seed, stream, index))))
        _kept.move_to_end(known)
        return _kept[known]

    def program(self, stream: int, sequences: int) -> jax.stages.Compiled:
        """What draws the blocks of a stream: one program for all streams, unless validation or test data differ."""
        task = self._task
        sampler = {VALIDATION: task.validation, TEST: task.test}.get(stream) or task.sample
        which = "sample" if sampler is task.sample else stream
        if (sequences, which) not in self._programs:
            draw, name = self._draw(sampler, sequences), self._name and self._name.of("draw", sequences, which)
            self._programs[sequences, which] = compiled(draw, WHOLE, WHOLE, WHOLE, name=name, options=LIGHT)
        return self._programs[sequences, which]

    def shape(self, sequences: int) -> Block:
        """The shapes and types of a block."""
        return jax.eval_shape(self._draw(self._task.sample, sequences), WHOLE, WHOLE, WHOLE)

    def _draw(self, sampler: Sampler, sequences: int) -> Callable[..., Block]:
        def draw(seed: Int[Array, ""], stream: Int[Array, ""], index: Int[Array, ""]) -> Block:
            batch = sampler(jax.random.fold_in(stream_key(seed, stream), index), sequences)
            return pack(batch, self._task, self._interface)

        return draw


def stream_key(seed: Int[Array, ""] | int, stream: Int[Array, ""] | int) -> Key[Array, ""]:
    """The key of one of a seed's streams: TRAIN, VALIDATION, TEST, INITIAL or LENGTHS."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def pack(batch: Batch, task: Task, interface: Interface) -> Block:
    """Sequences of a task as a block for an interface, traced."""

    def pad(values: Array, size: int) -> Array:
        missing = size - values.shape[1]
        return jnp.pad(values, [(0, 0), (0, missing), *[(0, 0)] * (values.ndim - 2)]) if missing else values

    def small(values: Array, count: int) -> Array:
        whole = jnp.issubdtype(values.dtype, jnp.integer)
        return values.astype(np.min_scalar_type(max(count - 1, 0))) if whole else values

    return Block(
        inputs=pad(small(batch.inputs, task.inputs), interface.steps),
        targets=pad(small(batch.targets, task.outputs), interface.targets),
        weights=pad(batch.weights, interface.targets),
        distance=pad(batch.distance.astype(jnp.int32), interface.targets),
        lengths=jnp.sum(batch.mask, axis=1, dtype=jnp.int32) if task.variable_length else None,
        prompt=None if batch.prompt is None else pad(small(batch.prompt, task.outputs), interface.targets),
        loss_weights=None if batch.loss_weights is None else pad(batch.loss_weights, interface.targets),
        steps=jnp.asarray(task.steps, jnp.int32) if interface.bucketed else None,
        answers=jnp.asarray(task.targets, jnp.int32) if interface.bucketed and interface.readout == "decode" else None,
    )


_kept: OrderedDict[tuple[Hashable, ...], Block] = OrderedDict()


def _keep(known: tuple[Hashable, ...], block: Block) -> None:
    """Keep a block, and let go of those asked for longest ago if there are too many bytes of them."""
    _kept[known] = block
    held = sum(map(_bytes, _kept.values()))
    while held > KEPT_BYTES and len(_kept) > 1:
        held -= _bytes(_kept.popitem(last=False)[1])


def _bytes(block: Block) -> int:
    return sum(leaf.nbytes for leaf in block if leaf is not None)
