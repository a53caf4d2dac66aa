"""From a name to the function behind it: a component's name is its file's name and its function's name.

A component's file begins with a docstring whose first line says what it is and one of whose lines begins `Source: `.
Its function's arguments are the settings. A constant `VERSION` (1 if absent) is the version of its meaning: raise it
when results of the old code no longer hold for the new, and the trials that use it will run again.

A name with a colon is a user's own `module:function`, with the same contract.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Annotated, Any, NamedTuple

from annotated_types import MinLen

from seqbench.components import carried
from seqbench.components.checking import Checker, Mismatch, check, checker
from seqbench.components.member_files import citation, text_of
from seqbench.components.nearest_name import advice
from seqbench.components.own_code import import_own, module_of, require_allowed
from seqbench.components.own_source import own_source
from seqbench.errors import GridError
from seqbench.setting_types import NonNegativeInt

RETURNS = {
    "tasks": "Task",
    "cells": "CellBuilder",
    "models": "ModelBuilder",
    "mitigations": "Mitigation",
    "optimizers": "Optimizer",
    "schedules": "ScheduleBuilder",
    "probes": "Probe",
}
"""The families, and the return annotation by which a function says that it belongs to one."""

ONE = {
    "tasks": "a task",
    "cells": "a cell",
    "models": "a model",
    "mitigations": "a mitigation",
    "optimizers": "an optimizer",
    "schedules": "a schedule",
    "probes": "a probe",
}
"""A member of each family, in words."""


class Component(NamedTuple):
    """A named function with all of its settings."""

    name: str
    settings: dict[str, Any]


FORMER_NAMES = re.compile(r"^FORMERLY = (\(.*?\))$", re.MULTILINE | re.DOTALL)
"""How a file says what its component was called before."""

NO_CELL = Component("none", {})
"""Stands for the cell of a control without recurrence."""


LAYERS, Layers = "layers", Annotated[tuple[NonNegativeInt, ...], MinLen(1)]
"""What restricts a mitigation to layers, counted from 0 at the bottom, unless it has a setting of that name itself."""


class Setting(NamedTuple):
    """One setting: how to check it, and its default (`inspect.Parameter.empty` if it must be given)."""

    checker: Checker
    default: Any


class ComponentError(GridError):
    """A name or a setting that is not in the catalogue; `setting` is empty if the name is at fault."""

    def __init__(self, problem: str, *, setting: str = "") -> None:
        super().__init__(f"{setting}: {problem}" if setting else problem)
        self.problem = problem
        self.setting = setting


@cache
def names(family: str) -> tuple[str, ...]:
    """Names of a family's members, sorted, from the file names alone (nothing is imported)."""
    spec = importlib.util.find_spec(f"seqbench.{family}")
    locations = spec.submodule_search_locations if spec else None
    found = (module.name for module in pkgutil.iter_modules(locations))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


@cache
def formerly(family: str) -> dict[str, str]:
    """The present name of what was renamed, by former name: `FORMERLY` of each file. Nothing is imported."""
    found: dict[str, str] = {}
    for name in names(family):
        if stated := FORMER_NAMES.search(text_of(family, name)):
            found |= dict.fromkeys(ast.literal_eval(stated[1]), name)
    return found


def require(family: str, name: str, *also: str) -> None:
    """Raise ComponentError unless `name` is a member of the family or a user's `module:function`.

    `also` are words that the error may advise beside the members.
    """
    if ":" not in name and name not in names(family):
        present = formerly(family).get(name)
        near = f", which is now called {present!r}" if present else advice(name, (*also, *names(family)))
        raise ComponentError(f"expected the name of {ONE[family]}, got {name!r}{near}")


@cache
def component(family: str, name: str) -> Callable[..., Any]:
    """The function behind a name.

    Raises:
        ComponentError: there is none, or it does not say by its return annotation that it belongs to the family.
    """
    require(family, name)
    function = _function(family, name)
    # A grid may come from an untrusted source: only functions whose return annotation declares a family are called.
    if not _returns(family, function):
        raise ComponentError(f"expected {ONE[family]}, but {name} is not annotated `-> {RETURNS[family]}`")
    return function


def family_of(name: str) -> str:
    """The family of a shipped component, or of a user's `module:function` by its return annotation.

    Raises:
        ComponentError: there is no such component, or it does not say to which family it belongs.
    """
    if ":" in name:
        function = _function("", name)
        for family in RETURNS:
            if _returns(family, function):
                return family
        wanted = ", ".join(f"`-> {annotation}`" for annotation in RETURNS.values())
        raise ComponentError(f"{name} does not say what it is: annotate its return as one of {wanted}")
    for family in RETURNS:
        if name in names(family):
            return family
    near = advice(name, [known for family in RETURNS for known in names(family)])
    raise ComponentError(f"expected the name of a component or `module:function`, got {name!r}{near}")


def define(name: str, text: str) -> None:
    """Make the function of a notebook or a script known by its name; raises as `carried.define`."""
    if carried.define(name, text):
        forget()


def forget() -> None:
    """Look for every component again."""
    component.cache_clear()
    settings.cache_clear()
    own_source.cache_clear()


def _function(family: str, name: str) -> Callable[..., Any]:
    """The function behind a name, whatever it returns."""
    module = _module(family, name)
    function = getattr(module, name.rpartition(":")[2], None)
    if not inspect.isfunction(function):
        raise ComponentError(f"expected a function {name.rpartition(':')[2]!r} in {module.__name__}, got none")
    return function


def _returns(family: str, function: Callable[..., Any]) -> bool:
    """Whether a function says by its return annotation that it belongs to a family."""
    base = importlib.import_module(f"seqbench.{family}.base")
    return bool(_annotations(function).get("return") == getattr(base, RETURNS[family]))


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """A function's annotations as the types they name."""
    try:
        return inspect.get_annotations(function, eval_str=True)
    except NameError as error:
        raise ComponentError(f"cannot read the annotations of {function.__qualname__}: {error}") from error


def _module(family: str, name: str) -> ModuleType:
    """The module a name stands in."""
    if ":" not in name:
        return importlib.import_module(f"seqbench.{family}.{name}")
    if carried.is_carried(name):
        if found := carried.module_of(name):
            return found
        raise ComponentError(f"{name} is a function of a notebook or a script; only seqbench.run there can be given it")
    module = module_of(name)
    if not module:
        raise ComponentError(f"expected `module:function`, got {name!r}")
    require_allowed(name)
    try:
        return import_own(module)
    except ImportError as error:
        raise ComponentError(f"cannot import {name!r}: {error}") from error


@cache
def settings(family: str, name: str) -> dict[str, Setting]:
    """A component's settings in the order of its arguments; a recurrent model's `cell` is not one of them."""
    function = component(family, name)
    hints = _annotations(function)
    found = {}
    for parameter in inspect.signature(function).parameters.values():
        if family == "models" and parameter.name == "cell":
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or parameter.name not in hints:
            raise ComponentError(f"{name} must name and annotate each of its settings, but {parameter} is not")
        found[parameter.name] = Setting(checker(hints[parameter.name]), parameter.default)
    return found


def is_recurrent(name: str) -> bool:
    """Whether a model reads through a cell. One that does not is a control without recurrence."""
    return "cell" in inspect.signature(component("models", name)).parameters


def length_argument(name: str) -> str:
    """The setting of a task that is its dependency length: its first."""
    return next(iter(settings("tasks", name)))


def version(family: str, name: str) -> int:
    """The version of a component's meaning."""
    return int(getattr(inspect.getmodule(component(family, name)), "VERSION", 1))


def added(family: str, name: str) -> dict[str, Any]:
    """The settings that a component got after results existed, with the defaults that mean what it did before.

    A trial's identity leaves them out where they have these values, so that results of before are found again.
    """
    return dict(getattr(inspect.getmodule(component(family, name)), "ADDED", {}))


def draws(chosen: Component) -> bool:
    """Whether a mitigation draws numbers for the start of a network, as its module's `draws` says of its settings."""
    said = getattr(inspect.getmodule(component("mitigations", chosen.name)), "draws", None)
    wanted = inspect.signature(said).parameters if said else ()
    return bool(said and said(**{setting: chosen.settings[setting] for setting in wanted}))


def content(family: str, chosen: Component) -> str:
    """A hash of what a component reads from outside its settings, such as a file; empty if it reads nothing."""
    read = getattr(inspect.getmodule(component(family, chosen.name)), "content", None)
    wanted = inspect.signature(read).parameters if read else ()
    return read(**{setting: chosen.settings[setting] for setting in wanted}) if read else ""


def resolve(family: str, name: str, given: Mapping[str, Any]) -> Component:
    """A component with complete settings: those given, checked against the annotations, and defaults for the rest.

    Raises:
        ComponentError: an unknown name, an unknown or missing setting, or a value of the wrong type.
    """
    known = settings(family, name)
    if family == "mitigations" and LAYERS in given:
        known = {LAYERS: Setting(checker(Layers), ())} | known
    for setting in given:
        if setting not in known:
            problem = f"{name} has no setting {setting!r}{advice(setting, known)}"
            raise ComponentError(problem, setting=setting)
    complete = {}
    for setting, (fits, default) in known.items():
        value = given.get(setting, default)
        if value is inspect.Parameter.empty:
            raise ComponentError(f"{name} needs a value for {setting!r}, which has no default", setting=setting)
        try:
            complete[setting] = check(fits, value)
        except Mismatch as mismatch:
            raise ComponentError(str(mismatch), setting=setting) from None
    return Component(name, complete)


def describe(family: str) -> list[dict[str, Any]]:
    """Every member of a family: name, its docstring's first line, its source, and its settings with defaults."""
    rows = []
    for name in names(family):
        document = inspect.getdoc(inspect.getmodule(component(family, name))) or ""
        defaults = {setting: default for setting, (_, default) in settings(family, name).items()}
        row = {"name": name, "summary": document.partition("\n")[0], "source": citation(document), "settings": defaults}
        rows.append(row)
    return rows
