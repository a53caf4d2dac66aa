"""`seqbench show`: one component whole."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from seqbench.commands.console import out, print_json
from seqbench.components import catalogue
from seqbench.components.component_schemas import SettingInWords, setting_in_words
from seqbench.plan.pairs import Refused, acts_in_layers, needs_depth, refused_pairs

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


class Shown(NamedTuple):
    """A component: what it says of itself, its settings, how a grid has it in some layers, what it does not go with."""

    name: str
    family: str
    about: str
    function: str
    settings: dict[str, SettingInWords]
    needs_depth: str
    by_layer: str
    incompatible: list[Refused]


def show(name: str, *, family: str | None, as_json: bool) -> None:
    """Print what a component is, its settings, and what it does not go with.

    Raises:
        ComponentError: there is no such component.
    """
    found = family or catalogue.family_of(name)
    function = catalogue.component(found, name)
    component = Shown(
        name=name,
        family=found,
        about=inspect.getdoc(inspect.getmodule(function)) or "",
        function=inspect.getdoc(function) or "",
        settings={setting: setting_in_words(found, name, setting) for setting in catalogue.settings(found, name)},
        needs_depth=needs_depth(name) if found == "mitigations" else "",
        by_layer=_by_layer(found, name),
        incompatible=refused_pairs(found, name),
    )
    if as_json:
        print_json(_plain(component))
    else:
        _print(component)


def _plain(component: Shown) -> dict[str, Any]:
    """The component as values that JSON can hold."""
    return component._asdict() | {
        "settings": {setting: words._asdict() for setting, words in component.settings.items()},
        "incompatible": [each._asdict() for each in component.incompatible],
    }


def _print(component: Shown) -> None:
    console = out()
    console.print(f"{component.name}, {catalogue.ONE[component.family]}", style="bold")
    console.print(f"\n{component.about}\n")
    if component.function and component.function not in component.about:
        console.print(f"{component.function}\n")
    if component.settings:
        console.print(_settings(component.settings))
        console.print()
    console.print(f"In a grid:  {KEYS[component.family].format(_example(component))}")
    if component.by_layer:
        console.print(component.by_layer)
    if component.needs_depth:
        console.print(f"\nIn a model of one layer: {component.needs_depth}")
    if component.incompatible:
        console.print("\nDoes not go with", style="bold")
        for line in in_words(component.incompatible):
            console.print(f"  {line}")


def _by_layer(family: str, name: str) -> str:
    """How a grid has the component in some layers alone, as a line to print; empty where it has no layers."""
    if family == "cells":
        other = "gru" if name != "gru" else "lstm"
        return f"One a layer, from the bottom up:  cell: [{name}, {other}], in a model of depth 2"
    if family == "mitigations" and acts_in_layers(name):
        return f"In some layers alone, 0 at the bottom:  mitigations: [{{{name}: {{layers: [0]}}}}]"
    return ""


def _settings(settings: Mapping[str, SettingInWords]) -> Table:
    """A row a setting: what may stand there, and the default."""
    table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="bold")
    for heading in ("setting", "is", "default"):
        table.add_column(heading)
    for setting, words in settings.items():
        table.add_row(Text(setting), Text(words.form), Text(words.default))
    return table


def _example(component: Shown) -> str:
    """The component as a grid names it, with all its settings at their defaults."""
    given = ", ".join(f"{setting}: {words.default}" for setting, words in component.settings.items() if words.default)
    return f"{{{component.name}: {{{given}}}}}" if given else component.name


def in_words(refused: Sequence[Refused]) -> list[str]:
    """One line a reason; components that are refused for the same one stand together."""
    together: dict[tuple[str, str], list[Refused]] = {}
    for each in refused:
        together.setdefault((each.family, each.reason.replace(each.name, "")), []).append(each)
    return [
        f"{family} {', '.join(each.name for each in own)}: {own[0].reason}" for (family, _), own in together.items()
    ]
