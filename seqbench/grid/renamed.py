"""Components that a grid calls by a former name: read under their present one, with a notice.

A component that is renamed says so in its file, `FORMERLY = ("old_name",)`, and keeps its old name for one version.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from seqbench.components import catalogue
from seqbench.errors import RenamedWarning
from seqbench.grid.document import Document, Place
from seqbench.grid.named import named_components

SPACE: Place = ("tuning", "space")
"""Where a grid names components as `component.setting`."""


def with_present_names(document: Document) -> Document:
    """The document as if every component stood there under its present name. A notice says where one does not."""
    for place, family, reference in list(named_components(document.data)):
        if present := catalogue.formerly(family).get(reference.name):
            _notice(document, (*place, reference.name), reference.name, present)
            document = _renamed(document, place, reference.name, present)
    for knob in _knobs(document.data):
        owner, _, setting = knob.rpartition(".")
        if present := next(filter(None, (catalogue.formerly(family).get(owner) for family in catalogue.RETURNS)), None):
            _notice(document, (*SPACE, knob), owner, present)
            document = _renamed(document, SPACE, knob, f"{present}.{setting}")
    return document


def _knobs(data: Any) -> list[str]:
    """The settings that tuning varies, as `component.setting`."""
    for key in SPACE:
        data = data.get(str(key)) if isinstance(data, dict) else None
    return list(data) if isinstance(data, dict) else []


def _notice(document: Document, place: Place, former: str, present: str) -> None:
    problem = f"{former} is now called {present}; the old name will not be read by the next version"
    warnings.warn(document.problem(place, problem, key=True).head, RenamedWarning, stacklevel=2)


def _renamed(document: Document, place: Place, former: str, present: str) -> Document:
    """The document with another name for what is called `former` at `place`, where everything keeps its position."""

    def rename(value: Any) -> Any:
        if isinstance(value, dict):
            return {present if key == former else key: inner for key, inner in value.items()}
        return present

    def moved(at: Place) -> Place:
        inside = at[: len(place) + 1] == (*place, former)
        return (*place, present, *at[len(place) + 1 :]) if inside else at

    return replace(
        document,
        data=_changed(document.data, place, rename),
        marks={moved(at): mark for at, mark in document.marks.items()},
        keys={moved(at): mark for at, mark in document.keys.items()},
    )


def _changed(value: Any, place: Place, change: Callable[[Any], Any]) -> Any:
    """A copy of nested values with the one at `place` changed."""
    if not place:
        return change(value)
    step, *rest = place
    copy = value.copy()
    copy[step] = _changed(value[step], tuple(rest), change)
    return copy
