"""A cell of its own for each layer of a model: where a grid lists several, or wraps those of some layers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flax import nnx

from seqbench.cells.base import Cell, CellBuilder
from seqbench.errors import Incompatible


@dataclass(frozen=True)
class ByLayer:
    """The cells of a model's layers, in place of one `CellBuilder`.

    at: `(place from the bottom, depth of the model) -> CellBuilder`
    """

    at: Callable[[int, int], CellBuilder]

    def __call__(self, inputs: int, hidden: int, rngs: nnx.Rngs) -> Cell:
        """Refuse a model that asks for a cell without saying of which layer (`of_layer`)."""
        raise Incompatible("this model builds the same cell in every layer, and here layers differ")


def listed(cells: Sequence[CellBuilder]) -> ByLayer:
    """The cells of the layers from the bottom up; a model of another depth refuses them."""

    def at(index: int, depth: int) -> CellBuilder:
        if len(cells) != depth:
            raise Incompatible(f"the cell is a list for {len(cells)} layers, and this model has a depth of {depth}")
        return cells[index]

    return ByLayer(at)


def of_layer(cell: CellBuilder, index: int, depth: int) -> CellBuilder:
    """The cell of one of `depth` layers, counted from the bottom: its own, or the one that all have."""
    return cell.at(index, depth) if isinstance(cell, ByLayer) else cell
