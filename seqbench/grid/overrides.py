"""Overrides: values that replace those of a grid's file, as `training.steps=200` or `methods[0].cell=gru`.

The left side is a place as errors spell it. An entry of a list is given by its number or by its name: `methods[1]`,
`methods[GRU]`. A key with a dot in it is quoted: `factors["norm 0.1"]`. The right side is YAML, read as strictly as a
file.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from seqbench.canonical import canonical, digest
from seqbench.components.nearest_name import advice
from seqbench.errors import GridError, Problem
from seqbench.grid.document import Document, Override, Place, Position, document_of, spell
from seqbench.grid.renamed import SPACE
from seqbench.grid.written import inline

LONGEST_SLUG = 50
"""Letters of a folder's name that tell what was overridden."""

_STEP = re.compile(r"""\.?([^.\[\]="']+)|\[\s*(?:"([^"]*)"|'([^']*)'|([^]]+?))\s*\]""")


def overridden(document: Document, overrides: Sequence[str]) -> Document:
    """The document with its values replaced, in order; what they are called in errors is the override.

    Raises:
        GridError: an override that is none, or that leads nowhere. Whether what it sets makes sense is found where the
            document is checked.
    """
    original = document.data
    for text in overrides:
        document = _with(document, text)
    return replace(document, overrides=tuple(_differences(original, document.data, ())))


def folder_name(document: Document) -> str:
    """A name for the results of an overridden grid: what was changed, and a hash of the outcome."""
    words = " ".join(f"{_last_key(one.place)} {one.after}" for one in document.overrides)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", words)[:LONGEST_SLUG].strip("-").lower()
    return f"{document.name}-{slug}-{digest(canonical(document.data))[:6]}"


def _last_key(place: Place) -> str:
    return next((part for part in reversed(place) if isinstance(part, str)), "")


def _with(document: Document, text: str) -> Document:
    """The document with one override."""
    steps, written = _split(text)
    value = _value(text, spell(tuple(steps)), written)
    try:
        data, place = _put(document.data, steps, value.data, ())
    except _Nowhere as reason:
        _refuse(text, reason.place, str(reason))

    def outside(at: Place) -> bool:
        return at[: len(place)] != place

    here = Position(1, 1, text)
    around = [place[:end] for end in range(1, len(place) + 1)]
    marks = {at: mark for at, mark in document.marks.items() if outside(at)}
    keys = {at: mark for at, mark in document.keys.items() if outside(at)}
    kept = {at: problem for at, problem in document.problems.items() if outside(at)}
    added = {(*place, *at): _problem(text, (*place, *at), one.message) for at, one in value.problems.items()}
    return replace(
        document,
        data=data,
        marks=dict.fromkeys(around, here) | marks | {(*place, *at): here for at in value.marks},
        keys=dict.fromkeys(around, here) | keys | {(*place, *at): here for at in value.keys},
        problems=kept | added,
    )


def _split(text: str) -> tuple[list[str | int], str]:
    """The steps to the place, and what is written to the right of the equals sign."""
    steps: list[str | int] = []
    position = 0
    while found := _STEP.match(text, position):
        name, double, single, bare = found.groups()
        number = bare is not None and re.fullmatch(r"[0-9]+", bare)
        steps.append(int(bare) if number else next(part for part in (name, double, single, bare) if part is not None))
        position = found.end()
    if not steps or not text[position:].startswith("="):
        problem = Problem(
            _source(text), 0, 0, "", "expected KEY=VALUE, such as training.steps=200 or methods[0].cell=gru"
        )
        raise GridError(problems=[problem])
    return steps, text[position + 1 :]


def _value(text: str, field: str, written: str) -> Document:
    """The right side as YAML."""
    if not written.strip():
        return Document("", "", None, {(): Position(1, 1)})
    try:
        return document_of(written, file="")
    except GridError as error:
        messages = [problem.message for problem in error.problems] or [str(error)]
        problems = [Problem(_source(text), 0, 0, field, message) for message in messages]
        raise GridError(problems=problems) from None


class _Nowhere(Exception):
    """A place that is not in the grid, and that cannot be made."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(problem)
        self.place = place


def _put(value: Any, steps: Sequence[str | int], new: Any, place: Place) -> tuple[Any, Place]:
    """A copy of nested values with one of them replaced, and its place. Keys that are missing on the way are made."""
    if not steps:
        return new, place
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        index = _index(value, step, place)
        inner, end = _put(value[index], rest, new, (*place, index))
        return [*value[:index], inner, *value[index + 1 :]], end
    if isinstance(value, str) and value == step:  # a component's bare name, of which a setting is given
        value = {value: {}}
    if value is not None and not isinstance(value, dict):
        settings = f"; its settings are in {spell((*place, value))}" if _may_be_component(value) else ""
        raise _Nowhere(place, f"expected keys to go on to {step!r}, got {inline(value)}{settings}")
    if isinstance(step, int):
        raise _Nowhere(place, f"expected a list to take entry {step} of, got {'keys' if value else 'nothing'}")
    # Its keys are `component.setting`, of which the component may be a `module:function` with dots of its own.
    if place == SPACE and len(steps) > 1 and "." not in step.rpartition(":")[2]:
        step, rest = f"{step}.{steps[1]}", steps[2:]
    inner, end = _put((value or {}).get(step), rest, new, (*place, step))
    return {**(value or {}), step: inner}, end


def _may_be_component(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _index(entries: Sequence[Any], step: str | int, place: Place) -> int:
    """The entry of a list that a number or a name means."""
    if isinstance(step, int):
        if step < len(entries):
            return step
        raise _Nowhere(place, f"expected an entry from 0 to {len(entries) - 1}, got {step}")
    names = [_entry_name(entry) for entry in entries]
    if step in names:
        return names.index(step)
    example = f"{spell(place)}[0] or {spell(place)}[{names[0]}]" if names and names[0] else f"{spell(place)}[0]"
    raise _Nowhere(place, f"expected an entry, such as {example}, got {step!r}{advice(step, filter(None, names))}")


def _entry_name(entry: Any) -> str:
    """What an entry of a list is called: a method by its name, a component by its own."""
    if isinstance(entry, dict):
        return str(entry.get("name") or (next(iter(entry)) if len(entry) == 1 else ""))
    return entry if isinstance(entry, str) else ""


def _differences(before: Any, after: Any, place: Place) -> Iterator[Override]:
    """Where two values differ, as deep inside as they have the same shape."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            inner = (*place, key)
            if key in after:
                yield from _differences(before.get(key), after[key], inner)
            elif before[key] is not None:
                yield Override(inner, spell(inner), inline(before[key]), "not given")
    elif (
        isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and place[:1] != ("lengths",)
    ):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, (*place, index))
    elif before != after or type(before) is not type(after):
        yield Override(place, spell(place), "" if before is None else inline(before), inline(after))


def _source(text: str) -> str:
    return f"--set {shlex.quote(text)}"


def _problem(text: str, place: Place, message: str) -> Problem:
    return Problem(_source(text), 0, 0, spell(place) or "grid", message)


def _refuse(text: str, place: Place, message: str) -> NoReturn:
    raise GridError(problems=[_problem(text, place, message)]) from None
