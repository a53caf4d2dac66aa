"""The settings of a method that tuning may change, by name: `component.setting`, such as `clip_value.threshold`.

A component is a method's cell, model, optimizer or schedule, or one of its mitigations. A method that does not have
the component is not changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seqbench.components import catalogue
from seqbench.components.catalogue import Component, ComponentError
from seqbench.components.nearest_name import advice
from seqbench.errors import GridError
from seqbench.grid.document import Place
from seqbench.grid.spec import Grid, Range
from seqbench.grid.training import TRAINING_FAMILIES
from seqbench.plan.axis import Axis
from seqbench.plan.expand import Method

RATE = "learning_rate"


def knob_names(method: Method) -> list[str]:
    """Every setting that could be tuned, as a grid writes it."""
    return [f"{part.name}.{setting}" for _, part in method.components for setting in part.settings]


def with_knobs(method: Method, learning_rate: float, knobs: Mapping[str, Any]) -> Method:
    """The method with this learning rate and these settings."""

    def turned(part: Component) -> Component:
        return Component(part.name, {key: knobs.get(f"{part.name}.{key}", old) for key, old in part.settings.items()})

    named = {key: turned(Component(**method.training[key]))._asdict() for key in TRAINING_FAMILIES}
    return replace(
        method,
        cell=turned(method.cell),
        upper_cells=tuple(map(turned, method.upper_cells)),
        model=turned(method.model),
        mitigations=tuple(map(turned, method.mitigations)),
        training={**method.training, **named},
        learning_rate=learning_rate,
    )


def axes_of(grid: Grid, methods: Sequence[Method]) -> dict[str, Axis]:
    """Every dimension that a grid tunes, by name; the learning rate is the first, whatever else there is.

    Raises:
        GridError: a knob that no method has, or a value that does not fit its setting.
    """
    if grid.tuning is None:
        return {}
    rates = grid.tuning.learning_rate
    axes = {RATE: Axis(RATE, ("tuning", RATE), 0, rates if isinstance(rates, Range) else [float(r) for r in rates])}
    # In order of name: the order in which a file writes its keys is no part of what is run.
    for column, name in enumerate(sorted(grid.tuning.space), start=1):
        axes[name] = _axis(grid, name, column, methods)
    return axes


def _axis(grid: Grid, name: str, column: int, methods: Sequence[Method]) -> Axis:
    """One knob, its values checked against the setting's annotation."""
    assert grid.tuning is not None
    place, values = ("tuning", "space", name), grid.tuning.space[name]
    owner, _, setting = name.rpartition(".")
    found = [
        (family, part)
        for method in methods
        for family, part in method.components
        if part.name == owner and setting in part.settings
    ]
    if not found:
        raise _unknown(grid, place, name, methods)
    family, part = found[0]
    if family == "models" and setting == "width" and grid.match_parameters:
        raise grid.document.error(place, "match_parameters chooses the width; tune something else", key=True)

    def fitted(value: Any, inner: Place) -> Any:
        try:
            return _fitted(family, part, setting, value)
        except ComponentError as error:
            raise grid.document.error(inner, error.problem) from None

    if not isinstance(values, Range):
        return Axis(name, place, column, [fitted(value, (*place, index)) for index, value in enumerate(values)])
    ends = {end: fitted(getattr(values, end), (*place, end)) for end in ("low", "high")}
    also = [fitted(value, (*place, "also", index)) for index, value in enumerate(values.also)]
    whole = catalogue.settings(family, part.name)[setting].checker.whole
    if ends["low"] < 1 and whole and values.scale == "log":
        raise grid.document.error((*place, "low"), f"expected 1 or more on a logarithmic scale, got {ends['low']}")
    return Axis(name, place, column, values.model_copy(update={**ends, "also": also}), whole)


def _fitted(family: str, part: Component, setting: str, value: Any) -> Any:
    """A value as its setting's annotation has it."""
    return catalogue.resolve(family, part.name, {**part.settings, setting: value}).settings[setting]


def _unknown(grid: Grid, place: Place, name: str, methods: Sequence[Method]) -> GridError:
    """Why a knob is refused: it is no setting at all, or one that no method of the grid has."""
    owner, _, setting = name.rpartition(".")
    if name == RATE:
        problem = "the learning rate is tuned by `tuning.learning_rate`, not in the space"
        return grid.document.error(place, problem, key=True)
    had = list(dict.fromkeys(name for method in methods for name in knob_names(method)))
    if any(part.name == owner for method in methods for _, part in method.components):
        own = [known.rpartition(".")[2] for known in had if known.rpartition(".")[0] == owner]
        return grid.document.error(place, f"{owner} has no setting {setting!r}{advice(setting, own)}", key=True)
    if setting in _settings(owner):
        return grid.document.error(place, f"no method that is tuned has {owner}{advice(name, had)}", key=True)
    return grid.document.error(place, f"expected component.setting, got {name!r}{advice(name, had)}", key=True)


def _settings(owner: str) -> Sequence[str]:
    """The settings of a component that exists, used or not; none of one that does not."""
    try:
        return list(catalogue.settings(catalogue.family_of(owner), owner))
    except ComponentError:
        return ()
