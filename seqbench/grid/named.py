"""Every component that a grid's document names, whatever else is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from seqbench.components import catalogue
from seqbench.components.member_files import is_default
from seqbench.components.probe_selection import PROBE_SETS
from seqbench.grid.document import Place
from seqbench.grid.reference import Reference, change, reference
from seqbench.grid.training import TRAINING_FAMILIES

STARTS = {"cell": "vanilla", "model": "stacked", "optimizer": "adam", "schedule": "constant"}
"""What a grid has before it says anything: settings alone at its top change these."""

Found = Iterator[tuple[Place, str, Reference]]
"""Where a component is named, of which family it is, and how it is named."""


def named_components(data: Any) -> Found:
    """Every component that the values of a grid's file name. What does not name one is left out."""
    grid = _keys(data)
    for place, value in _items(grid, "tasks"):
        yield from _one(place, "tasks", value, reference)
    yield from _fragment((), grid, STARTS)
    for place, method in _items(grid, "methods"):
        yield from _fragment(place, _keys(method), {})
    for factor, levels in _keys(grid.get("factors")).items():
        for level, fragment in _keys(levels).items():
            yield from _fragment(("factors", factor, level), _keys(fragment), {})
    probes = grid.get("probes")
    for place, value in _items(grid, "probes"):
        yield from _one(place, "probes", value, reference)
    if isinstance(probes, str) and probes not in PROBE_SETS:
        yield from _one(("probes",), "probes", probes, reference)


def used_components(data: Any) -> list[tuple[str, str]]:
    """Family and name of every component that a grid uses, each once: those it names, or else defaults."""
    found = [(family, named.name) for _, family, named in named_components(data) if family != "probes"]
    grid = _keys(data)
    methods = [_keys(method) for _, method in _items(grid, "methods")]
    for key, start in STARTS.items():
        parts = [_keys(part.get("training")) if key in TRAINING_FAMILIES else part for part in (grid, *methods)]
        own, *listed = (key in part for part in parts)
        if not own and not (listed and all(listed)):
            found.append((TRAINING_FAMILIES.get(key, f"{key}s"), start))
    return list(dict.fromkeys([*found, *(("probes", name) for name in _probes(grid.get("probes", "default")))]))


def _probes(asked: Any) -> list[str]:
    """The probes that a grid asks for by what stands under `probes`."""
    if asked in ("default", "all"):
        return [name for name in catalogue.names("probes") if asked == "all" or is_default("probes", name)]
    listed = asked if isinstance(asked, list) else [] if asked in (None, "none") else [asked]
    return [found.name for each in listed for _, _, found in _one((), "probes", each, reference)]


def own_names(data: Any) -> list[str]:
    """Every `module:function` that the values of a grid's file name, each once."""
    return list(dict.fromkeys(found.name for _, _, found in named_components(data) if ":" in found.name))


def _fragment(place: Place, fragment: Mapping[str, Any], starts: Mapping[str, str]) -> Found:
    """The components of a method, of a level, or of the grid itself, which `starts` from something."""
    training = _keys(fragment.get("training"))
    single = [((*place, key), f"{key}s", fragment.get(key)) for key in ("cell", "model")]
    single += [((*place, "training", key), family, training.get(key)) for key, family in TRAINING_FAMILIES.items()]
    if isinstance(layers := fragment.get("cell"), list):
        for index, value in enumerate(layers):
            yield from _one((*place, "cell", index), "cells", value, reference)
        single = [each for each in single if each[1] != "cells"]
    for at, family, value in single:
        start = starts.get(str(at[-1]))
        for _, _, found in _one(at, family, value, change):
            yield at, family, found.over(Reference(start)) if start else found
    for at, value in _items(fragment, "mitigations"):
        yield from _one((*place, *at), "mitigations", value, reference)


def _one(place: Place, family: str, value: Any, read: Callable[[Any], Reference]) -> Found:
    """A component, if the value names one."""
    if value is None:
        return
    try:
        yield place, family, read(value)
    except ValueError:  # the shape of the grid is checked elsewhere, and that says what is wrong
        return


def _keys(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(values: Mapping[str, Any], key: str) -> Iterator[tuple[Place, Any]]:
    listed = values.get(key)
    return (((key, index), value) for index, value in enumerate(listed if isinstance(listed, list) else []))
