"""`seqbench list`: what a grid can name, and the grids there are."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from seqbench.commands.console import out, print_json
from seqbench.components import catalogue
from seqbench.grid.document import read_document
from seqbench.grid.read import shipped_grids
from seqbench.invocation import command


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
        _print_names(members)
    out().print(f"\nA family with its settings:  {command('list', 'cells')}")
    out().print(f"One component whole:         {command('show', 'lstm')}")


def _members(family: str) -> list[dict[str, Any]]:
    """Name, one line, source and settings of every member."""
    return _grids() if family == "grids" else catalogue.describe(family)


def _grids() -> list[dict[str, Any]]:
    """The shipped grids: name, question and file."""
    return [
        {"name": name, "summary": read_document(path).data["question"], "source": str(path), "settings": {}}
        for name, path in shipped_grids().items()
    ]


def _print_names(members: list[dict[str, Any]]) -> None:
    """A line a member: its name, and what it is."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for member in members:
        table.add_row(Text(member["name"]), Text(member["summary"]))
    out().print(table)


def _print(members: list[dict[str, Any]]) -> None:
    console = out()
    for member in members:
        console.print(member["name"], style="bold")
        console.print(f"    {member['summary']}")
        if member["settings"]:
            console.print(f"    settings: {', '.join(_setting(*item) for item in member['settings'].items())}")
        where = "file" if member["source"].endswith((".yaml", ".yml")) else "source"
        console.print(f"    {where}: {member['source']}", style="dim")


def _setting(name: str, default: Any) -> str:
    return f"{name} = {default!r}"
