"""`seqbench show`: one component whole."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from seqbench.commands.console import out, print_json
from seqbench.components import catalogue
from seqbench.components.component_schemas import setting_in_words
from seqbench.plan.pairs import Refused, needs_depth, refused_pairs

KEYS = {
    "tasks": "tasks: [{}]",
    "cells": "cell: {}",
    "models": "model: {}",
    "mitigations": "mitigations: [{}]",
    "optimizers": "training: {{optimizer: {}}}",
    "schedules": "training: {{schedule: {}}}",
    "probes": "probes: [{}]",
}
"""How a grid names a member of each family."""


def show(name: str, *, family: str | None, as_json: bool) -> None:
    """Print what a component is, its settings, and what it does not go with.

    Raises:
        ComponentError: there is no such component.
    """
    found = family or catalogue.family_of(name)
    function = catalogue.component(found, name)
    module = inspect.getmodule(function)
    settings = {setting: setting_in_words(found, name, setting) for setting in catalogue.settings(found, name)}
    refused = refused_pairs(found, name)
    deep = needs_depth(name) if found == "mitigations" else ""
    facts: dict[str, Any] = {
        "name": name,
        "family": found,
        "about": inspect.getdoc(module) or "",
        "function": inspect.getdoc(function) or "",
        "settings": {setting: words._asdict() for setting, words in settings.items()},
        "needs_depth": deep,
        "incompatible": [each._asdict() for each in refused],
    }
    if as_json:
        print_json(facts)
        return
    console = out()
    console.print(f"{name}, {catalogue.ONE[found]}", style="bold")
    console.print(f"\n{facts['about']}\n")
    if facts["function"] and facts["function"] not in facts["about"]:
        console.print(f"{facts['function']}\n")
    if settings:
        table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="bold")
        for heading in ("setting", "is", "default"):
            table.add_column(heading)
        for setting, words in settings.items():
            table.add_row(Text(setting), Text(words.form), Text(words.default))
        console.print(table)
        console.print()
    example = {setting: words.default for setting, words in settings.items() if words.default}
    named = f"{{{name}: {{{', '.join(f'{key}: {value}' for key, value in example.items())}}}}}" if example else name
    console.print(f"In a grid:  {KEYS[found].format(named)}")
    if deep:
        console.print(f"\nIn a model of one layer: {deep}")
    if refused:
        console.print("\nDoes not go with", style="bold")
        for line in in_words(refused):
            console.print(f"  {line}")


def in_words(refused: Sequence[Refused]) -> list[str]:
    """One line a reason; components that are refused for the same one stand together."""
    together: dict[tuple[str, str], list[Refused]] = {}
    for each in refused:
        together.setdefault((each.family, each.reason.replace(each.name, "")), []).append(each)
    return [
        f"{family} {', '.join(each.name for each in own)}: {own[0].reason}" for (family, _), own in together.items()
    ]
