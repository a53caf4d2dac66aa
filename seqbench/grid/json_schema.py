"""The grid as JSON Schema, for completion, hover and errors in an editor.

The shape comes from the models that read a grid, and the names and settings from the catalogue, so that the schema says
what the reader does. `experiments/README.md` lists what it cannot see.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from seqbench.components.component_schemas import Schema, component_definitions, knobs, reference_to, settings_of
from seqbench.components.probe_selection import PROBE_SETS
from seqbench.grid.reference import DEFAULT, DEFINITION, Reference
from seqbench.grid.spec import MOST_KNOBS, Grid

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The version of JSON Schema that editors know."""

FILE = "schema.json"
"""Name of the schema, beside the shipped grids and beside new ones."""

MODELINE = f"# yaml-language-server: $schema={FILE}"
"""The first line of a grid, by which an editor completes and explains it."""


def grid_schema() -> Schema:
    """The JSON Schema of a grid file, with every component that is shipped."""
    shape = Grid.model_json_schema(schema_generator=_Generator)
    definitions = shape.pop("$defs") | component_definitions() | {"probes.asked": _probes()}
    definitions["Tuning"]["properties"]["space"] |= _space()
    whole: Schema = _filled({**shape, "$defs": dict(sorted(definitions.items()))})
    return {"$schema": DIALECT, **whole}


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with defaults as a grid writes them."""

    def default_schema(self, schema: Any) -> Schema:
        """A field with its default; that of a whole section, which is the defaults of its fields, is left out."""
        default = schema.get("default")
        if default is None or isinstance(default, BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        """A default as JSON: a component by its name, seeds by their number."""
        plain = dft.name if isinstance(dft, Reference) else len(dft) if isinstance(dft, range) else dft
        return super().encode_default(plain)


def _probes() -> Schema:
    """One of the sets, the name of a probe, or a list of probes."""
    several = {"type": "array", "items": reference_to("probes")}
    names = reference_to("probes")
    return {"anyOf": [{"enum": list(PROBE_SETS)}, {"allOf": [names, {"type": "string"}]}, several]}


def _space() -> Schema:
    """What `tuning.space` may hold: every setting that can be tuned, and those of one's own components."""
    known: dict[str, Schema] = {}
    for name, value in knobs():
        listed = {"type": "array", "items": value, "minItems": 1, "uniqueItems": True}
        known[name] = {"anyOf": [listed, reference_to("Range")]}
    own = {"anyOf": [{"type": "array", "minItems": 1}, reference_to("Range")]}
    return {"maxProperties": MOST_KNOBS, "properties": known, "patternProperties": {":": own},
            "additionalProperties": False}  # fmt: skip


def _filled(value: Any) -> Any:
    """The schema with families in their places, and without titles that repeat names and defaults that are empty."""
    if isinstance(value, list):
        return [_filled(part) for part in value]
    if not isinstance(value, dict):
        return value
    if DEFINITION in value:
        value = _component(value)
    return {
        key: _unwrapped(part) if key == "description" and isinstance(part, str) else _filled(part)
        for key, part in value.items()
        if not (key == "title" and isinstance(part, str)) and not (key == "default" and part in ([], {}))
    }


def _unwrapped(text: str) -> str:
    """A docstring's text with each paragraph on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _component(marked: Schema) -> Schema:
    """A field that names a component: a reference to its family, and settings alone where it is known of what."""
    rest = {key: value for key, value in marked.items() if key not in (DEFINITION, DEFAULT)}
    definition, default = marked[DEFINITION], marked[DEFAULT]
    if not default:
        return {**rest, **reference_to(definition)}
    family = definition.partition(".")[0]
    layers = [reference_to("cells.layers")] if family == "cells" else []
    return {**rest, "anyOf": [reference_to(family), settings_of(family, default), *layers]}
