"""The commands about what grids name, as options and help. Each imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from seqbench.commands.arguments import Family, Json, Listed, Names


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The file to write, with or without .yaml.")],
    like: Annotated[str | None, typer.Option(metavar="GRID", help="Copy this grid. Default: a commented one.")] = None,
    tasks: Names = None,
    cells: Names = None,
    mitigations: Names = None,
) -> None:
    """Write a commented grid that runs: each cell alone and with each mitigation, on each task."""
    from seqbench.commands.new import new as command

    command(name, like=like, tasks=listed(tasks), cells=listed(cells), mitigations=listed(mitigations))


def listed(given: list[str] | None) -> list[str]:
    """Names that were separated by commas or given in options of their own."""
    return [name.strip() for text in given or () for name in text.split(",") if name.strip()]


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped name, or your own module:function.")],
    family: Annotated[Family | None, typer.Option(help="Where a name stands in two families.")] = None,
    as_json: Json = False,
) -> None:
    """Show one component whole: its equation, its settings with their ranges, and what it does not go with."""
    from seqbench.commands.show import show as command

    command(name, family=family, as_json=as_json)


def list_(
    family: Annotated[Listed | None, typer.Argument(help="What to list. Default: all.")] = None,
    as_json: Json = False,
) -> None:
    """List what a grid can name, with its source and its settings."""
    from seqbench.commands.list import list_names

    list_names(family, as_json=as_json)


def schema() -> None:
    """Print the JSON Schema of a grid, for completion, hover and errors in an editor."""
    from seqbench.commands.schema import schema as command

    command()


def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Your own module:function, or a shipped name.")],
    family: Annotated[
        Family | None,
        typer.Option(help="What it must be. Default: what its return annotation says."),
    ] = None,
) -> None:
    """Check that a component of any family keeps its contract, so that a grid can name it."""
    from seqbench.commands.check import check as command

    command(name, family=family)
