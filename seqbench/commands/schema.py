"""`seqbench schema`: the JSON Schema of a grid."""

from __future__ import annotations

from seqbench.commands.console import print_json
from seqbench.grid.json_schema import grid_schema


def schema() -> None:
    """Print the schema."""
    print_json(grid_schema())
