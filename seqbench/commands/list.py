"""`seqbench list`: what a grid can name."""

from __future__ import annotations

from typing import Any

from seqbench.commands.console import out, print_json
from seqbench.components import catalogue


def list_all(*, as_json: bool) -> None:
    """Print the members of all families, each under its family's name."""
    families = {family: catalogue.describe(family) for family in catalogue.RETURNS}
    if as_json:
        print_json(families)
        return
    for family, members in families.items():
        out().rule(family)
        _print(members)


def list_family(family: str, *, as_json: bool) -> None:
    """Print name, one line, source and settings of every member of a family."""
    members = catalogue.describe(family)
    if as_json:
        print_json(members)
        return
    _print(members)


def _print(members: list[dict[str, Any]]) -> None:
    console = out()
    for member in members:
        console.print(member["name"], style="bold")
        console.print(f"    {member['summary']}")
        if member["settings"]:
            console.print(f"    settings: {', '.join(_setting(*item) for item in member['settings'].items())}")
        console.print(f"    source: {member['source']}", style="dim")


def _setting(name: str, default: Any) -> str:
    return f"{name} = {default!r}"
