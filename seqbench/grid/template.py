"""A new grid as a commented file: from lists of names, or from another grid with some of its keys replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seqbench.grid.criterion import Solved
from seqbench.grid.document import document_of
from seqbench.grid.written import as_yaml, inline

GENERATED = ("cell", "mitigations", "methods", "factors", "exclude", "comparisons")
"""What says which methods there are and how they are compared: replaced as a whole."""


class Method(NamedTuple):
    """A method of a new grid: a cell alone, or with one mitigation. `left_out` says why it is only a comment."""

    name: str
    cell: str
    mitigation: str = ""
    left_out: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """The method as a grid has it."""
        named: dict[str, Any] = {"name": self.name, "cell": self.cell}
        return {**named, "mitigations": [self.mitigation]} if self.mitigation else named


def crossed(cells: Sequence[str], mitigations: Sequence[str]) -> list[Method]:
    """Each cell alone, then with each mitigation."""
    found = []
    for cell in cells:
        found.append(Method(label(cell), cell))
        found += [Method(f"{label(cell)} + {label(each)}", cell, each) for each in mitigations]
    return found


def label(name: str) -> str:
    """What a component is called in the name of a method: `mymodule:mine` is `mine`."""
    return name.rpartition(":")[2]


class Size(NamedTuple):
    """What a new grid tries its methods in."""

    model: str = "stacked"
    depth: int = 1
    lengths: tuple[int, ...] = (10, 20, 40)


SIZES = (Size(), Size(depth=2), Size("encoder_decoder"), Size(lengths=(64, 96, 128)))
"""From the smallest: some mitigations need two layers, some tasks an answer after reading or longer sequences."""


def written(tasks: Sequence[str], methods: Sequence[Method], *, size: Size, head: str) -> str:
    """A whole grid of its own, small enough to run in a minute or two."""
    return f"""\
{head}
# What the grid is to answer; it is printed everywhere. Change it before you run.
{as_yaml({"question": question(tasks, methods)}).rstrip()}

# What is learned. `seqbench list tasks` names all; settings stand in braces: {{delayed_recall: {{symbols: 4}}}}.
{one_line("tasks", list(tasks))}

# Dependency lengths: steps between the information and the place where it is needed.
# {{from: 10, to: 500}} in place of the list searches for how far each method remembers.
{one_line("lengths", list(size.lengths))}

# Each seed is the same data for every method. Fewer than three are not ranked; ten give intervals worth reading.
seeds: 3

# The model around the cells, and how all are trained. `seqbench show {size.model}`, `seqbench list optimizers`.
{one_line("model", {size.model: {"width": 32, "depth": size.depth}})}
training:
  steps: 500
  batch_size: 32
  evaluate_every: 50
  optimizer: adam
  learning_rate: 3.0e-3

{methods_block(methods)}
# Each other method is compared with this one.
comparisons: {inline({"baseline": next(each.name for each in methods if not each.left_out)})}

# To give every method the same chance, tune the learning rate on seeds of its own:
# tuning: {{seeds: 3, learning_rate: [1.0e-3, 3.0e-3, 1.0e-2]}}
"""


def question(tasks: Sequence[str], methods: Sequence[Method]) -> str:
    """A first question, made from what is compared."""
    remedies = list(dict.fromkeys(each.mitigation for each in methods if each.mitigation))
    cells = list(dict.fromkeys(each.cell for each in methods))
    what = f"Does {' or '.join(map(label, remedies))} let" if remedies else "How far back does"
    does = "remember further back" if remedies else "remember"
    return f"{what} {' or '.join(map(label, cells))} {does} on {' or '.join(map(label, tasks))}?"


def methods_block(methods: Sequence[Method]) -> str:
    """The methods, one a line; those left out as comments with the reason."""
    lines = ["# What is compared. A mitigation with settings is `{clip_value: {threshold: 1.0}}`.", "methods:"]
    for each in methods:
        line = f"- {inline(each.values)}"
        lines += [f"  # left out, since {each.left_out}", f"  # {line}"] if each.left_out else [f"  {line}"]
    return "\n".join(lines) + "\n"


def one_line(key: str, value: Any) -> str:
    """A key with its value in one line."""
    return f"{key}: {inline(value)}"


def like(text: str, *, head: str, replaced: Mapping[str, str], dropped: Sequence[str]) -> str:
    """A grid's text under another head, with blocks of it replaced and others dropped.

    text: of a grid that can be read; its own head, the comment at its top, is left out
    replaced: the new text of a key, by key; a key that the grid does not have is added at the end
    """
    document = document_of(text, file="grid")
    lines = text.split("\n")
    keys = sorted((mark.line - 1, str(place[0])) for place, mark in document.keys.items() if len(place) == 1)
    starts = [keys[0][0], *(_before_comments(lines, start) for start, _ in keys[1:])]
    parts = [head]
    for (_, key), start, end in zip(keys, starts, [*starts[1:], len(lines)], strict=True):
        block = "\n".join(lines[start:end])
        if key in replaced:
            gap = "\n" if start and len(parts) > 1 and not lines[start].strip() else ""
            parts.append(gap + replaced[key].rstrip())
        elif key not in dropped:
            parts.append(block)
    known = {key for _, key in keys}
    parts += ["\n" + own.rstrip() for key, own in replaced.items() if key not in known]
    return "\n".join(parts).rstrip() + "\n"


def _before_comments(lines: Sequence[str], start: int) -> int:
    """Where the comments right above a key, and the empty lines above those, begin."""
    while start and re.match(r"\s*(#.*)?$", lines[start - 1]):
        start -= 1
    return start


def criteria_of(data: Mapping[str, Any], tasks: Sequence[str]) -> str | None:
    """What the grid's `criterion` says of these tasks, empty if nothing; None where it names no tasks."""
    declared = data.get("criterion")
    if not isinstance(declared, Mapping) or declared.keys() & Solved.model_fields.keys():
        return None
    kept = {task: own for task, own in declared.items() if task in tasks}
    return as_yaml({"criterion": kept}) if kept else ""


def tuned_anew(data: Mapping[str, Any]) -> str:
    """The grid's tuning without the settings of single components, which the new methods may not have."""
    kept = {key: value for key, value in data["tuning"].items() if key != "space"}
    return as_yaml({"tuning": kept})
