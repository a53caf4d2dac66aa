"""What one program of a kernel does: take some rows of a batch through all steps, forwards or backwards.

All threads of a program work on a tile together. What one writes another reads after a barrier.

Shapes: as in `seqbench.layers.kernel`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

from seqbench.cells.base import Tiled


class Launch(NamedTuple):
    """How a kernel is cut up; found by measurement.

    rows: of a batch, a program takes
    products: columns of a tile of a product
    units: hidden units of a tile of what is elementwise
    warps: of a program
    stages: tiles of a product whose loads are under way at once
    """

    rows: int
    products: int
    units: int
    warps: int
    stages: int

    def stages_of_loads(self, columns: int, width: int) -> int:
        """How many loads may be under way at once in a kernel with so many columns of products, of so many units.

        One where a step has a single tile of products. Its loop is none then, and if no other loop is left inside a
        step the compiler overlaps the turns of the loop over time: the product takes what has not been written yet.
        """
        return self.stages if columns > self.tile_of_products(width) else 1

    def tile_of_products(self, width: int) -> int:
        """The columns of a tile of a product with a matrix of so many units."""
        return min(self.products, width)


Ref = Any


def forward_kernel(
    tiled: Tiled, launch: Launch, steps: Ref, projected: Ref, offsets: Ref, matrix: Ref, *refs: Ref
) -> None:
    """All steps of some rows; `matrix` is transposed. The last output holds the products of a step."""
    number = len(refs) // 2 - 1
    starts, histories, (sums, products) = refs[:number], refs[number:-2], refs[-2:]
    width = matrix.shape[1]

    def step(time: Any, nothing: Any) -> Any:
        past = _before(starts[-1], histories[-1], time, slice(None))

        def multiply(columns: Any, nothing: Any) -> Any:
            products[:, columns] = _product(past, matrix[columns, :])
            return nothing

        def apply(units: Any, nothing: Any) -> Any:
            # All that is read, before all that is computed: one wait for memory, not many.
            states = [_before(*both, time, units) for both in zip(starts, histories, strict=True)]
            inside = _sums(tiled, units, width, time, projected, products, offsets)
            for k, value in enumerate(inside):
                sums[time, :, _block(units, k, width)] = value
            for history, state in zip(histories, tiled.step(inside, states), strict=True):
                history[time, :, units] = state
            return nothing

        _tiles(matrix.shape[0], launch.tile_of_products(width), multiply, 0)
        _barrier()  # what follows reads what other threads have written
        _tiles(width, launch.units, apply, 0)
        _barrier()
        return nothing

    jax.lax.fori_loop(0, steps[0], step, 0)
    _clear(histories[-1], steps[0], width)


def backward_kernel(
    tiled: Tiled, launch: Launch, steps: Ref, sums: Ref, by_outputs: Ref, matrix: Ref, *refs: Ref
) -> None:
    """All steps of some rows, from the last to the first; the cotangents of the states stand in the last outputs."""
    number, width = (len(refs) - 1) // 4, matrix.shape[0]
    starts, histories, by_final = (refs[place * number : (place + 1) * number] for place in range(3))
    by_sums, by_states = refs[3 * number], refs[3 * number + 1 :]
    for state, final in zip(by_states, by_final, strict=True):
        state[...] = final[...]
    _barrier()

    def step(done: Any, nothing: Any) -> Any:
        time = steps[0] - 1 - done

        def pull(units: Any, nothing: Any) -> Any:
            inside = [sums[time, :, _block(units, k, width)] for k in tiled.sums]
            states = [_before(*both, time, units) for both in zip(starts, histories, strict=True)]
            by_after = [state[:, units] for state in by_states]
            by_after[-1] += by_outputs[time, :, units]
            by_inside, by_before = jax.vjp(tiled.step, inside, states)[1](by_after)
            _barrier()  # what follows writes where other threads have read, whether or not it depends on that
            for k, value in enumerate(by_inside):
                by_sums[time, :, _block(units, k, width)] = value
            for state, value in zip(by_states, by_before, strict=True):
                state[:, units] = value
            return nothing

        def multiply(columns: Any, by_past: Array) -> Array:
            return by_past + _product(by_sums[time, :, _summed(tiled, columns, width)], matrix[:, columns])

        _tiles(width, launch.units, pull, 0)
        _barrier()  # what follows reads what other threads have written
        zeros = jnp.zeros(by_states[-1].shape, jnp.float32)
        by_past = _tiles(matrix.shape[1], launch.tile_of_products(width), multiply, zeros)
        by_states[-1][...] += by_past
        _barrier()
        return nothing

    jax.lax.fori_loop(0, steps[0], step, 0)
    _clear(by_sums, steps[0], width)


def _sums(
    tiled: Tiled, units: Any, width: int, time: Any, projected: Ref, products: Ref, offsets: Ref
) -> list[Float[Array, "R C"]]:
    """The sums of some units in a step."""
    terms: list[list[Array]] = [[] for _ in tiled.offsets]
    for block, k in enumerate(tiled.projected):
        terms[k].append(projected[time, :, _block(units, block, width)])
    for block, k in enumerate(tiled.products):
        terms[k].append(products[:, _block(units, block, width)])
    for k, offset in enumerate(tiled.offsets):
        if offset is not None:
            terms[k].append(offsets[_block(units, k, width)][None])
    return [reduce(jnp.add, own) for own in terms]


def _summed(tiled: Tiled, columns: Any, width: int) -> Any:
    """Where the sums stand that some columns of the products, inside one block, belong to."""
    block = columns.start // width
    k = sum(place * (block == number) for number, place in enumerate(tiled.products))
    return pl.ds(columns.start + (k - block) * width, columns.size)


def _tiles(columns: int, most: int, take: Callable[[Any, Any], Any], state: Any) -> Any:
    """Loop over slices of at most so many of the columns."""
    size = min(columns, most)
    return jax.lax.fori_loop(0, columns // size, lambda at, state: take(pl.ds(at * size, size), state), state)


def _block(units: Any, block: int, width: int) -> Any:
    """The columns of some hidden units in a block of an array."""
    return pl.ds(block * width + units.start, units.size)


def _before(start: Ref, history: Ref, time: Any, columns: Any) -> Float[Array, "R C"]:
    """A state before a step."""
    first, later = start[:, columns], history[jnp.maximum(time - 1, 0), :, columns]
    return jnp.where(time == 0, first, later)


def _clear(steps: Ref, first: Any, width: int) -> None:
    """Zeros from step `first` on."""
    length, rows, columns = steps.shape

    def clear(time: Any, nothing: Any) -> Any:
        for start in range(0, columns, width):
            steps[time, :, pl.ds(start, width)] = jnp.zeros((rows, width), jnp.float32)
        return nothing

    jax.lax.fori_loop(first, length, clear, 0)


def _product(left: Float[Array, "M C"], right: Float[Array, "N C"]) -> Float[Array, "M N"]:
    """`left @ right.T` in the precision that JAX is set to: TF32, or for float32 the sum of three products in TF32."""
    asked = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    exact = asked in ("high", "highest", "float32")
    preset = jax.lax.DotAlgorithmPreset
    precision = None if interpreted() else preset.TF32_TF32_F32_X3 if exact else preset.TF32_TF32_F32
    return jax.lax.dot_general(left, right, (((1,), (1,)), ((), ())), precision=precision)


def _barrier() -> None:
    """Wait until all threads of the program have read and written what stands before."""
    if not interpreted():
        triton.debug_barrier()


def interpreted() -> bool:
    """Whether there is no GPU to compile for."""
    return jax.default_backend() != "gpu"
