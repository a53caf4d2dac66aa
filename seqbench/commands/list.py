"""`seqbench list`: what a grid can name, and the grids there are."""

from __future__ import annotations

from typing import Any

from seqbench.commands.console import out, print_json
from seqbench.components import catalogue
from seqbench.grid.document import read_document
from seqbench.grid.read import shipped_grids


def list_names(family: str | None, *, as_json: bool) -> None:
    """Print the members of a family, the shipped grids, or all of these, each under its heading."""
    if family is not None:
        members = _members(family)
        if as_json:
            print_json(members)
        else:
            _print(members)
        return
    families = {each: _members(each) for each in (*catalogue.RETURNS, "grids")}
    if as_json:
        print_json(families)
        return
    for each, members in families.items():
        out().rule(each)
        _print(members)


def _members(family: str) -> list[dict[str, Any]]:
    """Name, one line, source and settings of every member."""
    return _grids() if family == "grids" else catalogue.describe(family)


def _grids() -> list[dict[str, Any]]:
    """The shipped grids: name, question and file."""
    return [
        {"name": name, "summary": read_document(path).data["question"], "source": str(path), "settings": {}}
        for name, path in shipped_grids().items()
    ]


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
