"""How a grid names a component, and how one naming changes another.

A component is written as a name (`gru`: all settings at their defaults) or as a name with settings
(`{lstm: {forget_bias: 2.0}}`). Over a component of the same name, settings change only those they name; a bare name
resets it. Settings alone (`model: {width: 8}`) change the component that is there, whatever its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

DEFINITION, DEFAULT = "seqbench definition", "seqbench default"
"""Keys of what stands in the JSON Schema until the families are filled in."""


class Reference(NamedTuple):
    """A component as a grid names it.

    name: empty where settings stand alone, for whatever component is there, and where there are `layers`
    settings: None for a bare name
    layers: of a cell, one for each layer from the bottom up; empty where one stands for all
    """

    name: str
    settings: dict[str, Any] | None = None
    layers: tuple[Reference, ...] = ()

    @property
    def each(self) -> tuple[Reference, ...]:
        """The components that are named: those of the layers, or this one."""
        return self.layers or (self,)

    def over(self, below: Reference) -> Reference:
        """This reference as a change of another: settings of the same component are updated, anything else replaced."""
        if below.layers and not self.name and not self.layers:
            return Reference("", None, tuple(self.over(layer) for layer in below.layers))
        if self.settings is None or self.name not in ("", below.name):
            return self
        return Reference(below.name, {**(below.settings or {}), **self.settings})


@dataclass(frozen=True)
class Of:
    """Metadata of a field that names a component: how its JSON Schema stands until the families are filled in.

    definition: the family (`cells`), or the family's changes (`cells.change`)
    default: what settings alone are settings of, where that is known
    """

    definition: str
    default: str = ""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """What `seqbench.grid.json_schema` replaces."""
        return {DEFINITION: self.definition, DEFAULT: self.default}


def layered(below: Reference, changes: Iterable[Reference]) -> Reference:
    """A reference under changes that do not contradict each other: the same in whatever order they stand.

    Bare names and lists come first, for they reset; then names with settings; then settings alone.
    """
    for one in sorted(changes, key=lambda one: (not (one.name or one.layers), one.settings is not None)):
        below = one.over(below)
    return below


def reference(value: Any) -> Reference:
    """A component by name, with or without settings, from what YAML holds."""
    if isinstance(value, str) and value:
        return Reference(value)
    if isinstance(value, dict) and len(value) == 1:
        [(name, settings)] = value.items()
        if settings is None or isinstance(settings, dict):
            return Reference(name, settings or {})
    raise PydanticCustomError("reference", "a name, or one name with its settings: {name: {setting: value}}")


def change(value: Any) -> Reference:
    """The same, or settings alone."""
    alone = isinstance(value, dict) and value and not any(isinstance(own, dict | None) for own in value.values())
    return Reference("", dict(value)) if alone else reference(value)


def cell_change(value: Any) -> Reference:
    """The same of a cell, or a list with the cell of each layer."""
    if not isinstance(value, list):
        return change(value)
    if len(value) < 2:
        raise PydanticCustomError("cells", "a cell, or a list of two or more, one for each layer")
    return Reference("", None, tuple(map(reference, value)))


def change_of(default: str, read: Callable[[Any], Reference] = change) -> Any:
    """Validates a component where one is there from the start: `default`."""
    return PlainValidator(lambda value: read(value).over(Reference(default)))


Named = Annotated[Reference, PlainValidator(reference)]
Change = Annotated[Reference, PlainValidator(change)]
CellChange = Annotated[Reference, PlainValidator(cell_change)]
