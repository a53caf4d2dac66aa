"""The shape of a grid file: one question, its tasks, and the methods compared on them.

A *fragment* is what one method, or one level of a factor, changes: `cell`, `model`, `mitigations`, `training`. How it
names a component is in `reference`.

This module imports neither JAX nor any component.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    PrivateAttr,
    Tag,
)
from pydantic_core import PydanticCustomError

from seqbench.components.probe_selection import PROBE_SETS, Asked
from seqbench.grid.base import KEYS, LARGEST, VALUE, Positive, Rate, Strict, form
from seqbench.grid.document import Document, Place
from seqbench.grid.lengths import Lengths, TestLengths
from seqbench.grid.reference import Change, Named, Reference, change_of, reference
from seqbench.grid.training import TRAINING_FAMILIES, Training
from seqbench.schema import RESULT_COLUMNS

FIRST_REPORTING_SEED = 1000

MOST_KNOBS = 15
MOST_TRIED = 1024

RESERVED = frozenset(RESULT_COLUMNS)
"""Columns of the results, which no factor may be named like."""


def _seeds(first: int) -> Any:
    def read(value: Any) -> Sequence[int]:
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST - first:
            return range(first, first + value)
        whole = isinstance(value, list) and all(isinstance(seed, int) and not isinstance(seed, bool) for seed in value)
        if whole and value and len(set(value)) == len(value) and 0 <= min(value) <= max(value) <= LARGEST:
            return tuple(value)
        raise PydanticCustomError("seeds", "how many seeds, or a list of different whole numbers of 0 or more")

    return read


def _name(value: Any) -> str:
    # Names reach tables, figures and pages: they are text that looks like what it is, and no two look the same.
    plain = isinstance(value, str) and value.isprintable() and unicodedata.is_normalized("NFC", value)
    if plain and value.strip() == value and 0 < len(value) <= 100:
        return str(value)
    raise PydanticCustomError("name", "a name of 1 to 100 printable characters (in form NFC), without spaces around it")


def _number(value: Any) -> int | float:
    # Whether it was written as a whole number matters to settings that are one.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise PydanticCustomError("number", "a finite number")


def _probes(value: Any) -> Asked:
    named = isinstance(value, str) and value
    if named or (isinstance(value, list) and all(reference(part) for part in value)):
        return value
    raise PydanticCustomError("probes", "default, none, all, the name of a probe, or a list of probes")


Name = Annotated[str, PlainValidator(_name)]


class Fragment(Strict):
    """What one method, or one level of a factor, changes."""

    cell: Change | None = None
    model: Change | None = None
    mitigations: list[Named] = []
    training: Training = Training()

    def references(self, place: Place) -> Iterator[tuple[Place, str, Reference]]:
        """Every component that this fragment, which stands at `place`, names: where, of which family, and how."""
        return _references(place, self)


class NamedMethod(Fragment):
    """A method of the list; its mitigations stand instead of the grid's.

    With `tuned: false` it keeps its own settings where the others are tuned: what tuning is worth.
    """

    name: Name
    tuned: bool = True


Level = Annotated[Fragment, BeforeValidator(lambda value: {} if value is None else value)]


class Range(Strict):
    """All values between two ends, and single values beside them.

    also: such as `.inf` for off; together they get a quarter of what is tried
    scale: on which the values between the ends are spread evenly
    """

    low: Annotated[int | float, PlainValidator(_number)]
    high: Annotated[int | float, PlainValidator(_number)]
    also: list[Any] = []
    scale: Literal["log", "linear"] = "log"


Values = Annotated[
    Annotated[Range, Tag(KEYS)] | Annotated[list[Any], Field(min_length=1), Tag(VALUE)], Discriminator(form)
]
Rates = Annotated[
    Annotated[Range, Tag(KEYS)] | Annotated[list[Rate], Field(min_length=1), Tag(VALUE)], Discriminator(form)
]


class Tuning(Strict):
    """What is tried for every method, on seeds of their own, before anything is reported.

    budget: how many settings are tried for each method and task, the same number for all; without it as many as the
        method with the fewest combinations has
    space: further settings that are tuned, as `component.setting`, for the methods that have that component
    """

    seeds: Annotated[Sequence[int], PlainValidator(_seeds(0))] = range(3)
    budget: Annotated[int, Field(gt=0, le=MOST_TRIED)] | None = None
    learning_rate: Rates
    space: Annotated[dict[str, Values], Field(max_length=MOST_KNOBS)] = {}


class Comparisons(Strict):
    """The family of comparisons: each method against a baseline, or named pairs.

    By default each method against the first of the list; in a grid with factors each method that differs from the one
    without remedies in one factor, and each listed one, against that one; without such a method, every pair.
    """

    baseline: Name | None = None
    pairs: list[Annotated[list[Name], Field(min_length=2, max_length=2)]] = []


class Grid(Strict):
    """One question: tasks x lengths x methods x seeds."""

    question: Annotated[str, Field(min_length=1, max_length=1000)]
    tasks: Annotated[list[Named], Field(min_length=1)]
    lengths: Lengths = []
    test_lengths: TestLengths = []
    seeds: Annotated[Sequence[int], PlainValidator(_seeds(FIRST_REPORTING_SEED))] = range(1000, 1010)
    cell: Annotated[Reference, change_of("vanilla")] = Reference("vanilla")
    model: Annotated[Reference, change_of("stacked")] = Reference("stacked")
    mitigations: list[Named] = []
    training: Annotated[Training, AfterValidator(lambda own: Training().updated(own))] = Training()
    methods: list[NamedMethod] = []
    factors: dict[Name, Annotated[dict[Name, Level], Field(min_length=1)]] = {}
    exclude: list[dict[str, Any]] = []
    tuning: Tuning | None = None
    primary: Literal["horizon", "solve_rate", "accuracy", "steps_to_solve"] = "horizon"
    comparisons: Comparisons = Comparisons()
    probes: Annotated[Asked, PlainValidator(_probes)] = "default"
    match_parameters: Positive | None = None
    keep_parameters: bool = False

    _document: Document = PrivateAttr(default=Document("grid", ""))

    @property
    def name(self) -> str:
        """The file's name without its ending: names the results."""
        return Path(self._document.file).stem

    @property
    def path(self) -> Path:
        """The file this grid was read from."""
        return Path(self._document.file)

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._document.text

    @property
    def document(self) -> Document:
        """The file's values with their positions, for errors."""
        return self._document

    def references(self) -> Iterator[tuple[Place, str, Reference]]:
        """Every component the file names: where, of which family, and how."""
        for index, task in enumerate(self.tasks):
            yield ("tasks", index), "tasks", task
        yield from _references((), self)
        for index, method in enumerate(self.methods):
            yield from method.references(("methods", index))
        for factor, levels in self.factors.items():
            for level, fragment in levels.items():
                yield from fragment.references(("factors", factor, level))
        if not isinstance(self.probes, str):
            for index, part in enumerate(self.probes):
                yield ("probes", index), "probes", reference(part)
        elif self.probes not in PROBE_SETS:
            yield ("probes",), "probes", Reference(self.probes)


def _references(place: Place, part: Grid | Fragment) -> Iterator[tuple[Place, str, Reference]]:
    """Every component of a fragment that stands at `place`."""
    if part.cell is not None:
        yield (*place, "cell"), "cells", part.cell
    if part.model is not None:
        yield (*place, "model"), "models", part.model
    for index, mitigation in enumerate(part.mitigations):
        yield (*place, "mitigations", index), "mitigations", mitigation
    for key, family in TRAINING_FAMILIES.items():
        yield (*place, "training", key), family, getattr(part.training, key)
