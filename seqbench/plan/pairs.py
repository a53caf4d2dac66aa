"""Which components of other families one does not go with, found by building every pair as planning does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from seqbench.components import catalogue
from seqbench.components.assemble import make
from seqbench.errors import Incompatible
from seqbench.grid.document import Document
from seqbench.grid.spec import Grid
from seqbench.plan.plan import plan

TRIED: dict[str, tuple[str, ...]] = {
    "tasks": ("models",),
    "cells": ("mitigations", "models"),
    "models": ("tasks", "cells", "mitigations"),
    "mitigations": ("cells", "models"),
}
"""What a component of each family is tried with; those of the others go with everything."""

LENGTH, WIDTH = 64, 4
"""Pairs are built small, but long enough for what reaches far back."""

TASK, ANSWERED_LATER = "delayed_recall", {"encoder_decoder": "number_words"}
"""The task of pairs without one, and that of the models which answer after reading."""


class Refused(NamedTuple):
    """A component that one does not go with, and the reason, as planning gives it."""

    family: str
    name: str
    reason: str


def refused_pairs(family: str, name: str) -> list[Refused]:
    """The shipped components that a component does not go with.

    Raises:
        ComponentError: there is no such component.
    """
    found: list[Refused] = []
    for other in TRIED.get(family, ()):
        found += _tried(family, name, other)
    return found


def needs_depth(name: str) -> str:
    """Why a mitigation does nothing in a model of one layer; empty if it does something, or nothing in any model."""
    shallow, deep = (_refused([_method("mitigations", name, depth=depth)]) for depth in (1, 2))
    return next(iter(shallow.values()), "") if not deep else ""


def acts_in_layers(name: str) -> bool:
    """Whether a mitigation can be restricted to some layers of a model, rather than act on the loss or the gradient."""
    try:
        make("mitigations", {"name": name, "settings": {catalogue.LAYERS: [0]}})
    except Incompatible:
        return False
    return True


def _tried(family: str, name: str, other: str) -> Iterator[Refused]:
    """The members of one other family that a component does not go with."""
    members = catalogue.names(other)
    if "tasks" in (family, other):
        for member in members:
            model, task = (name, member) if other == "tasks" else (member, name)
            for reason in _refused([_method("models", model)], task).values():
                yield Refused(other, member, reason)
        return
    if (family, other) == ("models", "cells") and not catalogue.is_recurrent(name):
        return  # it reads through none
    if (family, other) == ("cells", "models"):
        members = tuple(filter(catalogue.is_recurrent, members))
    found = _refused([_method(family, name, other, each) for each in members])
    if "cells" not in (family, other):  # a model and a mitigation: it may be the cell that does not go with the latter
        gated = _refused([_method(family, name, other, each) for each in members], cell="lstm")
        found = {each: reason for each, reason in found.items() if each in gated}
    for refused, reason in found.items():
        yield Refused(other, refused, reason)


def _refused(methods: Sequence[dict[str, Any]], task: str = "", *, cell: str = "vanilla") -> dict[str, str]:
    """The methods that cannot be built for a task, each with the reason; `cell` is of those that name none."""
    wanted = {method["name"]: task or ANSWERED_LATER.get(next(iter(method["model"])), TASK) for method in methods}
    tasks = [{each: {catalogue.length_argument(each): LENGTH}} for each in sorted(set(wanted.values()))]
    values = {"question": "Do they go together?", "seeds": 1, "tasks": tasks, "cell": cell, "methods": methods}
    grid = Grid.model_validate(values)
    grid._document = Document("grid", "", values)
    return {each.method: each.reason for each in plan(grid).incompatible if each.task == wanted[each.method]}


def _method(family: str, name: str, other: str = "", member: str = "", *, depth: int = 2) -> dict[str, Any]:
    """A method of one or two components, called as the last of them."""
    named = {family: name} | ({other: member} if other else {})
    model = named.get("models", "stacked")
    method: dict[str, Any] = {"name": member or name, "model": {model: _sizes(model, depth)}}
    if "cells" in named:
        method["cell"] = named["cells"]
    if "mitigations" in named:
        method["mitigations"] = [named["mitigations"]]
    return method


def _sizes(model: str, depth: int) -> dict[str, int]:
    """A small model, of more than one layer where it has layers."""
    known = catalogue.settings("models", model)
    return {setting: value for setting, value in {"width": WIDTH, "depth": depth}.items() if setting in known}
