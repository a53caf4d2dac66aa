"""The families as JSON Schema: names, settings with types, ranges and defaults, and what each of them is.

A grid names a component in one of two forms: as a *choice*, which is a name or a name with its settings, or as a
*change*, which may also be settings alone for whatever component is there (`seqbench.grid.reference`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from yaml.representer import SafeRepresenter

from seqbench.components import catalogue
from seqbench.components.catalogue import LAYERS, Setting
from seqbench.components.checking import LARGEST, Checker, Mismatch, check
from seqbench.components.member_files import citation
from seqbench.setting_types import WITHOUT_END

Schema = dict[str, Any]

OWN = "^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$"
"""A function of one's own: `module:function`."""

TUNED = ("cells", "models", "mitigations", "optimizers", "schedules")
"""The families whose settings tuning may change."""

CHANGED = ("cells", "models", "optimizers", "schedules")
"""The families of which one member is there from the start, which a grid may change."""

BOUNDS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than"}
"""The bounds of a number in JSON Schema, in words."""


def reference_to(name: str) -> Schema:
    """A reference to a definition of the schema."""
    return {"$ref": f"#/$defs/{name}"}


def component_definitions() -> dict[str, Schema]:
    """The definitions of all families: `cells` (a choice), `cells.change`, and `cells.lstm` (its settings)."""
    found: dict[str, Schema] = {}
    for family in catalogue.RETURNS:
        for name in catalogue.names(family):
            found[f"{family}.{name}"] = _settings(family, name)
        found[family] = _choice(family)
    for family in CHANGED:
        found[f"{family}.change"] = {"anyOf": [reference_to(family), _settings_alone(family)]}
    found[f"mitigations.{LAYERS}"] = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1,
                                      "description": "The layers in which it acts, 0 at the bottom."}  # fmt: skip
    found["cells.layers"] = {"type": "array", "items": reference_to("cells"), "minItems": 2,
                             "description": "The cell of each layer, from the bottom up."}  # fmt: skip
    found["cells.change"]["anyOf"].append(reference_to("cells.layers"))
    return found


def settings_of(family: str, name: str) -> Schema:
    """The settings of one component, at least one of them: a change of what is known to be there."""
    return {"allOf": [reference_to(f"{family}.{name}"), {"type": "object", "minProperties": 1}]}


def knobs() -> Iterator[tuple[str, Schema]]:
    """Every setting that can be tuned, as `component.setting`, with the schema of one value."""
    for family in TUNED:
        for name in catalogue.names(family):
            for setting in catalogue.settings(family, name):
                yield f"{name}.{setting}", _reference_to_setting(family, name, setting)


def _choice(family: str) -> Schema:
    """A name, or one name with its settings. Former names and one's own fit, but an editor does not propose them."""
    known, former = catalogue.names(family), catalogue.formerly(family)
    bare = [{"const": name, "description": about(family, name)} for name in known]
    bare += [{"type": "string", "pattern": f"^{old}$", "description": f"Now {name}."} for old, name in former.items()]
    own = {"type": "string", "pattern": OWN, "description": "A function of your own: module:function."}
    with_settings = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {name: reference_to(f"{family}.{name}") for name in known},
        "patternProperties": {
            **{f"^{old}$": reference_to(f"{family}.{name}") for old, name in former.items()},
            OWN: {"type": ["object", "null"]},
        },
        "additionalProperties": False,
    }
    article = catalogue.ONE[family]
    return {"description": f"The name of {article}, or the name with settings.", "anyOf": [*bare, own, with_settings]}


def _settings_alone(family: str) -> Schema:
    """Settings of whatever component of a family is there. One's own has others, so that none is refused by name."""
    known: dict[str, list[Schema]] = {}
    for name in catalogue.names(family):
        for setting in catalogue.settings(family, name):
            known.setdefault(setting, []).append(_reference_to_setting(family, name, setting))
    return {
        "type": "object",
        "description": f"Settings alone change {catalogue.ONE[family]} that is there, whatever its name.",
        "minProperties": 1,
        "properties": {setting: own[0] if len(own) == 1 else {"anyOf": own} for setting, own in sorted(known.items())},
        "additionalProperties": {"type": ["number", "string", "boolean", "array"]},
        "propertyNames": {"not": {"enum": [*catalogue.names(family), *catalogue.formerly(family)]}},
    }


def _reference_to_setting(family: str, name: str, setting: str) -> Schema:
    """A reference to where a setting is described."""
    return reference_to(f"{family}.{name}/properties/{setting}")


class SettingInWords(NamedTuple):
    """A setting for people: what may stand there, and the default as YAML, empty where it must be given."""

    form: str
    default: str


def setting_in_words(family: str, name: str, setting: str) -> SettingInWords:
    """The type and range of a setting, and its default."""
    known = catalogue.settings(family, name)[setting]
    form: Schema = known.checker.adapter.json_schema()
    default = "" if known.default is inspect.Parameter.empty else _written(known.default)
    return SettingInWords(_form(form), default)


def _form(form: Schema) -> str:
    """What a schema of one value allows, in words."""
    if "enum" in form or "const" in form:
        return " or ".join(map(str, form.get("enum", [form.get("const")])))
    if "anyOf" in form:
        kinds = list(dict.fromkeys(map(_form, form["anyOf"])))
        return (", or " if any("," in kind for kind in kinds) else " or ").join(kinds)
    if form.get("type") == "array":
        return f"a list, each {_form(form['items'])}" if "items" in form else "a list"
    kind = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
    named = str(form.get("type"))
    return ", ".join(filter(None, (kind.get(named, named), _bounds(form))))


def _bounds(form: Schema) -> str:
    """The bounds of a number in words; empty where there are none."""
    meant = {key: form[key] for key in BOUNDS if form.get(key, LARGEST) not in (LARGEST, *WITHOUT_END)}
    bounds = (f"{words} {meant[key]:.10g}" for key, words in BOUNDS.items() if key in meant)
    return " and ".join(bounds)


def _settings(family: str, name: str) -> Schema:
    """The settings of a component. Nothing at all means the defaults, as the bare name does."""
    known = catalogue.settings(family, name)
    required = [setting for setting, own in known.items() if own.default is inspect.Parameter.empty]
    return {
        "description": about(family, name),
        "type": ["object", "null"],
        "properties": {setting: _setting(family, name, setting, own) for setting, own in known.items()}
        | ({LAYERS: reference_to(f"{family}.{LAYERS}")} if family == "mitigations" and LAYERS not in known else {}),
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _setting(family: str, name: str, setting: str, known: Setting) -> Schema:
    """One setting: its type and range, its default, and what the component says of its settings."""
    form: Schema = known.checker.adapter.json_schema()
    if form.get("type") == "number" and "maximum" not in form and "exclusiveMaximum" not in form:
        form |= {} if _takes(known.checker, math.inf) else {"maximum": LARGEST}
    said = _about_setting(family, name, form, known.default)
    if family == "tasks" and setting == catalogue.length_argument(name):
        several = {"type": "array", "items": form, "minItems": 1, "uniqueItems": True}
        form = {"anyOf": [form, several]}
    return {**form, **_default(known.default), "description": said}


def _takes(known: Checker, value: Any) -> bool:
    """Whether a value fits a setting."""
    try:
        check(known, value)
    except Mismatch:
        return False
    return True


def _default(value: Any) -> Schema:
    """The default, where JSON can hold it: neither what must be given nor infinity."""
    if value is inspect.Parameter.empty or (isinstance(value, float) and math.isinf(value)):
        return {}
    return {"default": list(value) if isinstance(value, tuple) else value}


def _about_setting(family: str, name: str, form: Schema, default: Any) -> str:
    """What the component does with its settings, and the range and default of this one, for a reader who hovers."""
    said = inspect.getdoc(catalogue.component(family, name)) or ""
    parts = [said.partition("\n\n")[0].replace("\n", " "), _range(form)]
    if default is not inspect.Parameter.empty:
        parts.append(f"Default: {_written(default)}.")
    return " ".join(filter(None, parts))


def _range(form: Schema) -> str:
    """The bounds of a number in words; empty where there are none."""
    bounds = _bounds(form)
    return f"It is {bounds}." if bounds else ""


def _written(default: Any) -> str:
    """A default as YAML has it."""
    if isinstance(default, tuple):
        return f"[{', '.join(map(_written, default))}]"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):  # with a point before the exponent and `.inf`, without which YAML makes text of it
        return str(SafeRepresenter().represent_float(default).value)
    return "null" if default is None else str(default)


def about(family: str, name: str) -> str:
    """What a component is: the first line of its file, and its source."""
    document = inspect.getdoc(inspect.getmodule(catalogue.component(family, name))) or ""
    source = citation(document)
    return document.partition("\n")[0] + (f"\n\nSource: {source}" if source else "")
