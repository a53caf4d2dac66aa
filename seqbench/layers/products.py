"""The products `states @ kernel` of a step, taken out of its derivative.

Shapes: `B` batch, `R` rows and `Q` columns of a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
from jaxtyping import Array, Float

from seqbench.cells.base import Cell, CellWrapper

Arrays = Sequence[Array]
Path = tuple[Any, ...]
"""Where a parameter stands in a cell."""


class Products:
    """The products of one step: taken with the given matrices, shifted by taps, and noted in their order."""

    def __init__(self, cell: Cell, matrices: dict[Path, Array], taps: Arrays | None = None) -> None:
        """Let `cell`, and every cell inside it, multiply here."""
        self.matrices, self.taps = matrices, taps
        self.paths: list[Path] = []
        self.columns: list[slice] = []
        self.states: list[Array] = []
        self._places: dict[int, Path] = {}
        place: Path = ()
        self._install(cell, place)
        while isinstance(cell, CellWrapper):
            cell, place = cell.inner, (*place, "inner")
            self._install(cell, place)

    def _install(self, cell: Cell, place: Path) -> None:
        cell.products = self
        self._places[id(cell)] = place

    def multiply(self, cell: Cell, kernel: str, columns: slice, states: Float[Array, "B R"]) -> Float[Array, "B Q"]:
        """`states` times these columns of the kernel of that name of `cell`."""
        self.paths.append((*self._places[id(cell)], kernel))
        self.states.append(states)
        self.columns.append(columns)
        matrix = self.matrices[self.paths[-1]][:, columns]
        # Made once outside of the loop, because a product with the transposed matrix as it stands is slower.
        product = _product(states, matrix, jax.lax.optimization_barrier(matrix.T))
        return product if self.taps is None else product + self.taps[len(self.paths) - 1]


@jax.custom_vjp
def _product(
    states: Float[Array, "B R"], matrix: Float[Array, "R Q"], transposed: Float[Array, "Q R"]
) -> Float[Array, "B Q"]:
    """The product, with a derivative by the states alone."""
    return states @ matrix


def _forward(states: Array, matrix: Array, transposed: Array) -> tuple[Array, Array]:
    return states @ matrix, transposed


def _backward(transposed: Array, cotangent: Array) -> tuple[Array, None, None]:
    return cotangent @ transposed, None, None


_product.defvjp(_forward, _backward)
