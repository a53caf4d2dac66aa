"""A cell of its own for each layer of a model, where a grid lists several."""

from __future__ import annotations

from dataclasses import dataclass

from flax import nnx

from seqbench.cells.base import Cell, CellBuilder
from seqbench.errors import Incompatible


@dataclass(frozen=True)
class ByLayer:
    """The cells of a model's layers from the bottom up, in place of one `CellBuilder`."""

    cells: tuple[CellBuilder, ...]

    def __call__(self, inputs: int, hidden: int, rngs: nnx.Rngs) -> Cell:
        """Refuse a model that asks for a cell without saying of which layer (`of_layer`)."""
        raise Incompatible("this model builds the same cell in every layer: name one cell and not a list")


def of_layer(cell: CellBuilder, index: int, depth: int) -> CellBuilder:
    """The cell of one of `depth` layers, counted from the bottom: that of the list, or the one that all have.

    Raises:
        Incompatible: the list has cells for another number of layers.
    """
    if not isinstance(cell, ByLayer):
        return cell
    if len(cell.cells) != depth:
        raise Incompatible(f"the cell is a list for {len(cell.cells)} layers, and this model has a depth of {depth}")
    return cell.cells[index]
