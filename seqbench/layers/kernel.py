"""A whole loop over time as one kernel on a GPU, for cells whose step is elementwise but for products with `h U`.

A loop of compiled steps launches several kernels a step, and each moves its arrays through the GPU's memory: the
matrix U, which is larger than the state, and the gates, several times. Here one program of the grid takes some rows of
a batch through all steps (`Tiled` in `seqbench.cells.base`). U stays in the cache, and of every step only the sums
inside the nonlinearities and the states are written. The backward pass is a second kernel; the gradients of the
matrices are large products after it.

Under `jax.vmap` the grid gets one more axis, so that the batches of many trials fill the GPU together. Written in
Pallas for its Triton backend. Off a GPU the kernels are interpreted, which is slow and for tests.

Shapes: `T` steps, `B` batch, `R` rows a program, `H` hidden units, `K` sums of a unit, `P` of them with projected
inputs, `Q` of them with products, `C` hidden units of a tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float, Int

from seqbench.cells.base import Carry, Cell, Tiled
from seqbench.layers.buffers import as_rows, on_rows
from seqbench.layers.kernel_steps import Launch, backward_kernel, forward_kernel, interpreted
from seqbench.layers.loop import Sequences

LAUNCH = Launch(rows=32, products=64, units=32, warps=4, stages=2)
"""What was fastest of what was tried on an H200, over LSTM and GRU (64 rows, 200 steps, 128 units, 512 trials)."""

LEAST, MOST = 16, 128
"""Hidden units: the GPU's matrix units take no smaller operand, and the tiles of more do not fit a program's memory."""

PLAIN = ("project", "multiply", "prepared")
"""Methods that a cell with a kernel leaves as they are."""

States = tuple[Array, ...]


class Given(NamedTuple):
    """What the loop is a function of."""

    projected: Float[Array, "T B PH"]
    matrix: Float[Array, "H QH"]
    offsets: Float[Array, " KH"]
    states: tuple[Float[Array, "B H"], ...]
    steps: Int[Array, " 1"]


class Saved(NamedTuple):
    """What the backward pass starts from: the sums of every step, and the states after it."""

    given: Given
    histories: tuple[Float[Array, "T B H"], ...]
    sums: Float[Array, "T B KH"]


def has_kernel(cell: Cell, dtype: Any) -> bool:
    """Whether a kernel can take the cell's steps: they are `Tiled`, in float32, and the width is a power of two."""
    width = cell.hidden
    fits = dtype == jnp.float32 and LEAST <= width <= MOST and width & (width - 1) == 0
    return fits and _tells_all(type(cell)) and cell.tiled() is not None


def _tells_all(kind: type[Cell]) -> bool:
    """Whether `tiled` is written for the class's own step: not where a subclass has changed how it steps."""
    owners = {name: next(each for each in kind.__mro__ if name in vars(each)) for name in ("tiled", "step", *PLAIN)}
    return owners["tiled"] is owners["step"] and all(owners[name] is Cell for name in PLAIN)


def run_as_kernel(
    cell: Cell, carry: Carry, sequences: Sequences, steps: Int[Array, ""] | None
) -> tuple[Carry, Float[Array, "T B H"]]:
    """Take a cell with a `tiled` step over the first `steps` steps of unmasked sequences, all if None.

    Returns:
        the carry after the last step, and the outputs, zero where no step is taken.
    """
    tiled = cell.tiled()
    assert tiled is not None
    length, batch = sequences.inputs.shape[:2]
    missing = -batch % (LAUNCH.rows if batch > LEAST else LEAST)
    inputs = jnp.pad(sequences.inputs, [(0, 0), (0, missing), (0, 0)])
    states = tuple(jnp.pad(state, [(0, missing), (0, 0)]) for state in jax.tree.leaves(carry))
    offsets = jnp.concatenate([jnp.zeros(cell.hidden) if each is None else each for each in tiled.offsets])
    number = jnp.reshape(jnp.asarray(length if steps is None else steps, jnp.int32), 1)
    given = Given(on_rows(cell.project)(inputs), cell.recurrent_kernel[...], offsets, states, number)
    final, outputs = _differentiable(tiled)(given)
    final = jax.tree.unflatten(jax.tree.structure(carry), [state[:batch] for state in final])
    return final, outputs[:, :batch]


def _differentiable(tiled: Tiled) -> Callable[[Given], tuple[States, Array]]:
    """`given -> (final states, outputs)` with a derivative of its own."""

    def forward(given: Given) -> tuple[tuple[States, Array], Saved]:
        histories, sums = _forward(tiled, given)
        last = given.steps[0] - 1
        final = tuple(
            jnp.where(last < 0, start, jax.lax.dynamic_index_in_dim(history, jnp.maximum(last, 0), keepdims=False))
            for start, history in zip(given.states, histories, strict=True)
        )
        return (final, histories[-1]), Saved(given, histories, sums)

    def backward(saved: Saved, cotangents: tuple[States, Array]) -> tuple[Given]:
        given, outputs = saved.given, saved.histories[-1]
        width = outputs.shape[-1]
        by_sums, by_states = _backward(tiled, saved, *cotangents)
        before = jnp.concatenate([given.states[-1][None], outputs[:-1]])
        by_matrix = as_rows(before).T @ as_rows(by_sums)
        return (
            Given(
                _blocks(by_sums, tiled.projected, width),
                _blocks(by_matrix, tiled.products, width),
                jnp.sum(by_sums, axis=(0, 1)),
                by_states,
                None,  # type: ignore[arg-type]
            ),
        )

    run = jax.custom_vjp(lambda given: forward(given)[0])
    run.defvjp(forward, backward)
    return run


def _blocks(array: Float[Array, "... KH"], places: Sequence[int], width: int) -> Float[Array, "... NH"]:
    """The blocks of columns at these places."""
    if len(places) * width == array.shape[-1]:
        return array
    return jnp.concatenate([array[..., place * width : (place + 1) * width] for place in places], axis=-1)


def _forward(tiled: Tiled, given: Given) -> tuple[States, Float[Array, "T B KH"]]:
    """The states after every step, and the sums; of the outputs those of steps that are not taken are zero."""
    length, batch, _ = given.projected.shape
    number, like = len(given.states), _Shapes(length, batch, given.matrix.shape[0])
    arrays = (given.steps, given.projected, given.offsets, given.matrix.T, *given.states)
    kinds = like.scalar, like.steps(len(tiled.projected)), like.whole(arrays[2]), like.whole(arrays[3])
    found = [like.steps()] * number + [like.steps(len(tiled.offsets)), like.rows(len(tiled.products))]
    kernel = partial(forward_kernel, tiled, LAUNCH)
    call = like.call(kernel, [*kinds, *[like.rows()] * number], found, columns=given.matrix.shape[1])
    *histories, sums, _ = call(*arrays)
    return tuple(histories), sums


def _backward(
    tiled: Tiled, saved: Saved, by_final: States, by_outputs: Float[Array, "T B H"]
) -> tuple[Float[Array, "T B KH"], States]:
    """Cotangents of the sums, zero in steps that are not taken, and of the states before the first step."""
    given, number, like = saved.given, len(by_final), _Shapes(*by_outputs.shape)
    arrays = (given.steps, saved.sums, by_outputs, given.matrix, *given.states, *saved.histories, *by_final)
    kinds = like.scalar, like.steps(len(tiled.offsets)), like.steps(), like.whole(given.matrix)
    states = [like.rows()] * number + [like.steps()] * number + [like.rows()] * number
    found = [like.steps(len(tiled.offsets)), *[like.rows()] * number]
    kernel = partial(backward_kernel, tiled, LAUNCH)
    by_sums, *by_states = like.call(kernel, [*kinds, *states], found, columns=given.matrix.shape[1])(*arrays)
    return by_sums, tuple(by_states)


class _Kind(NamedTuple):
    """An array of a kernel, and the part of it that one program of the grid sees."""

    shape: tuple[int, ...]
    part: pl.BlockSpec


class _Shapes(NamedTuple):
    """What the arrays of a kernel are."""

    length: int
    batch: int
    width: int

    @property
    def scalar(self) -> _Kind:
        """One number."""
        return _Kind((1,), pl.BlockSpec((1,), lambda at: (0,)))

    def rows(self, blocks: int = 1) -> _Kind:
        """Rows of one step, in so many blocks of columns."""
        columns, rows = blocks * self.width, min(LAUNCH.rows, self.batch)
        return _Kind((self.batch, columns), pl.BlockSpec((rows, columns), lambda at: (at, 0)))

    def steps(self, blocks: int = 1) -> _Kind:
        """Rows of all steps, in so many blocks of columns."""
        columns, rows = blocks * self.width, min(LAUNCH.rows, self.batch)
        part = pl.BlockSpec((self.length, rows, columns), lambda at: (0, at, 0))
        return _Kind((self.length, self.batch, columns), part)

    def whole(self, array: Array) -> _Kind:
        """An array that every program sees whole."""
        return _Kind(array.shape, pl.BlockSpec(array.shape, lambda at: (0,) * array.ndim))

    def call(
        self, kernel: Callable[..., None], given: Sequence[_Kind], found: Sequence[_Kind], *, columns: int
    ) -> Callable[..., Any]:
        """The kernel as a function of arrays; its products have so many columns."""
        stages = LAUNCH.stages_of_loads(columns, self.width)
        return pl.pallas_call(
            kernel,
            grid=(self.batch // min(LAUNCH.rows, self.batch),),
            in_specs=[kind.part for kind in given],
            out_specs=[kind.part for kind in found],
            out_shape=[jax.ShapeDtypeStruct(kind.shape, jnp.float32) for kind in found],
            compiler_params=triton.CompilerParams(num_warps=LAUNCH.warps, num_stages=stages),
            interpret=interpreted(),
        )
