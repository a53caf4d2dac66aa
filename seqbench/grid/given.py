"""A grid in whatever form a program has it: a file, the name of a shipped one, YAML text, or Python values.

Python values become YAML text and are read like any other, so that a grid means the same however it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.components.checking import shown
from seqbench.components.own_functions import import_edited_again, name_of
from seqbench.errors import GridError, Problem, UsageError
from seqbench.grid.document import Document, Place, document_of, read_document, spell
from seqbench.grid.read import find_grid, grid_of, prepared
from seqbench.grid.spec import Grid
from seqbench.grid.written import as_yaml, inline

Given = str | Path | Mapping[str, Any] | Grid
"""A grid's file, the name of a shipped grid, YAML text (of several lines), Python values, or a grid that was read."""

Overrides = Mapping[str, Any] | Sequence[str]
"""Values that replace those of a grid, by place, or as one writes them on the command line."""

Function = Callable[..., Any]
"""A component as its function."""

LONGEST = 50
"""Letters of a name made from a question."""


class Added(NamedTuple):
    """Functions that join a grid: tasks its tasks, cells and mitigations its methods, under their own names."""

    tasks: Sequence[Function] = ()
    cells: Sequence[Function] = ()
    mitigations: Sequence[Function] = ()


NOTHING = Added()


def grid_given(given: Given, *, name: str | None = None, overrides: Overrides = (), added: Added = NOTHING) -> Grid:
    """The grid that is meant.

    Args:
        given: see `Given`.
        name: names the results, in place of the file's name; of text and values without one, the question does.
        overrides: values that replace those of the grid: `{"training.steps": 200}`, or text as of `--set`.
        added: functions that join the grid; those that it names already are only made known to it.

    Raises:
        GridError: it cannot be read, as `read_grid` says; of Python values the places are those in the YAML text that
            they are.
        NotCarried: a function cannot be taken to the workers.
        UsageError: it is none of these.
    """
    import_edited_again()
    document = _document(given)
    if any(added) and isinstance(document.data, Mapping):
        joined = document_of(_text(_with_added(document.data, added)), file=document.file)
        document = replace(joined, folder=document.folder)
    if isinstance(overrides, Mapping):
        overrides = [f"{place}={inline(with_names(value))}" for place, value in overrides.items()]
    return grid_of(prepared(document, overrides=overrides, name=name or ""))


def _document(given: Given) -> Document:
    """The document that is meant, whatever stands in it."""
    if isinstance(given, Grid):
        return given.document
    if isinstance(given, Mapping):
        return document_of(_text(given), file=f"{name_from(given.get('question'))}.yaml")
    if isinstance(given, str) and "\n" in given:
        return document_of(given, file=f"{name_from(_question(given))}.yaml")
    if isinstance(given, str | Path):
        return read_document(find_grid(given))
    raise UsageError(f"expected a grid (its file, a shipped name, YAML text or a dictionary), got {shown(given)}")


def _with_added(data: Mapping[str, Any], added: Added) -> dict[str, Any]:
    """A grid's values with further tasks and methods. What stood alone as the only method stays one."""
    tasks, cells, remedies = ([name_of(function) for function in own] for own in added)
    named = set(_words(data))
    methods: list[dict[str, Any]] = [{"name": _function(cell), "cell": cell} for cell in cells if cell not in named]
    methods += [
        {"name": _function(remedy), "mitigations": _joined(data.get("mitigations"), [remedy])}
        for remedy in remedies
        if remedy not in named
    ]
    if methods and not data.get("methods") and not data.get("factors"):
        methods.insert(0, {"name": _only(data)})
    return {
        **data,
        "tasks": _joined(data.get("tasks"), [task for task in tasks if task not in named]),
        **({"methods": _joined(data.get("methods"), methods)} if methods else {}),
    }


def _joined(value: Any, more: Sequence[Any]) -> Any:
    """A list of a grid with further entries. What is neither a list nor nothing stays, for the reader to report."""
    return [*(value or []), *more] if value is None or isinstance(value, list) else value


def _function(name: str) -> str:
    """What a component of one's own is called without its module."""
    return name.rpartition(":")[2]


def _only(data: Mapping[str, Any]) -> str:
    """What the method is called that a grid without methods and factors has."""
    cell = data.get("cell", "vanilla")
    return _function(cell) if isinstance(cell, str) else "plain"


def _words(value: Any) -> Iterator[str]:
    """Every text in a grid's values, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (key, *_words(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)


def name_from(question: Any) -> str:
    """A name for the results of a grid that has no file: the beginning of its question."""
    words = re.sub(r"[^a-z0-9]+", "-", str(question or "").casefold()).strip("-")
    if len(words) > LONGEST:
        words = words[: LONGEST + 1].rpartition("-")[0] or words[:LONGEST]
    return words or "grid"


def _question(text: str) -> str:
    """The question in YAML text, as far as it can be found before the text has been read."""
    found = re.search(r"^question:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _text(given: Mapping[str, Any]) -> str:
    """Python values as the text of a grid file."""
    return as_yaml(with_names(given))


def with_names(value: Any, place: Place = ()) -> Any:
    """A value as YAML can hold it: functions as names, tuples and ranges as lists, numbers of NumPy as numbers."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if callable(value):
        return name_of(value)
    if isinstance(value, Mapping):
        named = {name_of(key) if callable(key) else str(key): inner for key, inner in value.items()}
        return {key: with_names(inner, (*place, key)) for key, inner in named.items()}
    if isinstance(value, (list, tuple, range)):
        return [with_names(inner, (*place, index)) for index, inner in enumerate(value)]
    if hasattr(value, "tolist"):  # an array or a number of NumPy
        return with_names(value.tolist(), place)
    if isinstance(value, Path):
        return str(value)
    problem = f"expected text, a number, true, false, a list, keys or a function, got {shown(value)}"
    raise GridError(problems=[Problem("grid", 0, 0, spell(place), problem)])
