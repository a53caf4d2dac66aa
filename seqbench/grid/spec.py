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
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from seqbench.components.probe_selection import Asked
from seqbench.grid.base import DIFFERENT, KEYS, LARGEST, VALUE, Positive, Rate, Strict, form
from seqbench.grid.claim import Claim
from seqbench.grid.criterion import Criteria
from seqbench.grid.document import Document, Override, Place
from seqbench.grid.lengths import Lengths, TestLengths
from seqbench.grid.named import named_components
from seqbench.grid.reference import CellChange, Change, Named, Of, Reference, cell_change, change_of, reference
from seqbench.grid.training import TRAINING_FAMILIES, Training
from seqbench.grid.written import as_yaml
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


Name = Annotated[
    str,
    PlainValidator(_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 100, "pattern": r"^\S([^\x00-\x1f]*\S)?$"}),
]
Number = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Seed = {"type": "integer", "minimum": 0, "maximum": LARGEST}
Seeds = WithJsonSchema(
    {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": LARGEST},
            {"type": "array", "items": Seed, "minItems": 1, "uniqueItems": True},
        ]
    }
)
Mitigations = list[Annotated[Named, Of("mitigations")]]


class Fragment(Strict):
    """What one method, or one level of a factor, changes."""

    cell: Annotated[CellChange, Of("cells.change")] | None = None
    """The recurrent cell: a name, `{name: {setting: value}}`, settings alone for the cell that is there, or a list with
    the cell of each layer from the bottom up."""
    model: Annotated[Change, Of("models.change")] | None = None
    """The model around the cell: a name, `{name: {setting: value}}`, or settings alone."""
    mitigations: Mitigations = []
    """The remedies, in order."""
    training: Training = Training()
    """What is trained differently from the rest of the grid."""

    def references(self, place: Place) -> Iterator[tuple[Place, str, Reference]]:
        """Every component that this fragment, which stands at `place`, names: where, of which family, and how."""
        if self.cell is not None:
            for index, layer in enumerate(self.cell.each):
                yield ((*place, "cell", index) if self.cell.layers else (*place, "cell")), "cells", layer
        if self.model is not None:
            yield (*place, "model"), "models", self.model
        for index, mitigation in enumerate(self.mitigations):
            yield (*place, "mitigations", index), "mitigations", mitigation
        for key, family in TRAINING_FAMILIES.items():
            if key in self.training.model_fields_set:
                yield (*place, "training", key), family, getattr(self.training, key)


class NamedMethod(Fragment):
    """A method of the list; its mitigations stand instead of the grid's."""

    name: Name
    """What tables and figures call the method."""
    tuned: bool = True
    """False keeps its own settings where the others are tuned: what tuning is worth."""


class OrNothing:
    """Metadata of a section that may stand without a value, for the JSON Schema."""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The section's own schema, or null."""
        return {"anyOf": [handler(core_schema), {"type": "null"}]}


Level = Annotated[Fragment, BeforeValidator(lambda value: {} if value is None else value), OrNothing()]


class Range(Strict):
    """All values between two ends, and single values beside them."""

    low: Number
    """The smallest value of the range."""
    high: Number
    """The largest value of the range."""
    also: list[Any] = []
    """Single values beside the range, such as `.inf` for off; together they get a quarter of what is tried."""
    scale: Literal["log", "linear"] = "log"
    """The scale on which the values between the ends are spread evenly."""


Values = Annotated[
    Annotated[Range, Tag(KEYS)] | Annotated[list[Any], Field(min_length=1, **DIFFERENT), Tag(VALUE)],
    Discriminator(form),
]
Rates = Annotated[
    Annotated[Range, Tag(KEYS)] | Annotated[list[Rate], Field(min_length=1, **DIFFERENT), Tag(VALUE)],
    Discriminator(form),
]


class Tuning(Strict):
    """What is tried for every method, on seeds of their own, before anything is reported."""

    seeds: Annotated[Sequence[int], PlainValidator(_seeds(0)), Seeds] = range(3)
    """How many tuning seeds, or a list of them; no seed that is reported."""
    budget: Annotated[int, Field(gt=0, le=MOST_TRIED)] | None = None
    """How many settings are tried for each method and task, the same number for all; without it as many as the method
    with the fewest combinations has."""
    learning_rate: Rates
    """The learning rates that are tried: a list, or `{low: 1.0e-4, high: 1.0e-2}`."""
    space: Annotated[dict[str, Values], Field(max_length=MOST_KNOBS)] = {}
    """Further settings that are tuned, as `component.setting`, for the methods that have that component."""


class Comparisons(Strict):
    """The family of comparisons: methods against a baseline, or named pairs.

    Without factors each method is compared with the baseline, by default the first of the list. With factors each one
    that differs from the baseline in one factor, and each listed one; the baseline is by default the method without
    remedies, and where there is none, every pair is compared.
    """

    baseline: Name | None = None
    """The method with which others are compared."""
    pairs: list[Annotated[list[Name], Field(min_length=2, max_length=2)]] = []
    """Pairs of methods that are compared."""


class Grid(Strict):
    """One question: tasks x lengths x methods x seeds."""

    question: Annotated[str, Field(min_length=1, max_length=1000)]
    """What the grid is to answer; printed everywhere."""
    tasks: Annotated[list[Annotated[Named, Of("tasks")]], Field(min_length=1, **DIFFERENT)]
    """What is learned, at every dependency length unless a task's settings name its own."""
    lengths: Lengths = []
    """Dependency lengths in steps: a list, or `{from: 10, to: 2000}` to search for how far each method remembers."""
    test_lengths: TestLengths = []
    """Other lengths at which a trained network is tested: multiples of its own, or `{lengths: [100, 200]}`."""
    criterion: Criteria | None = None
    """When a trial counts as solved: `{metric: loss, at: 0.01}` of every task, or `{TASK: {...}}`; else the task's."""
    seeds: Annotated[Sequence[int], PlainValidator(_seeds(FIRST_REPORTING_SEED)), Seeds] = range(1000, 1010)
    """How many seeds (1000, 1001, ...), or a list of them."""
    cell: Annotated[Reference, change_of("vanilla", cell_change), Of("cells.change", "vanilla")] = Reference("vanilla")
    """The recurrent cell that methods start from, or a list with the cell of each layer from the bottom up."""
    model: Annotated[Reference, change_of("stacked"), Of("models.change", "stacked")] = Reference("stacked")
    """The model around the cell that methods start from."""
    mitigations: Mitigations = []
    """The remedies that methods start from, in order."""
    training: Annotated[Training, AfterValidator(lambda own: Training().updated(own))] = Training()
    """How every trial is trained."""
    methods: list[NamedMethod] = []
    """The methods that are compared, one by one."""
    factors: Annotated[
        dict[Name, Annotated[dict[Name, Level], Field(min_length=1)]],
        Field(json_schema_extra={"propertyNames": {"maxLength": 100, "not": {"enum": sorted(RESERVED)}}}),
    ] = {}
    """What is combined as a full product: factors, their levels, and what each level changes."""
    exclude: list[Annotated[dict[str, Any], Field(json_schema_extra={"minProperties": 1})]] = []
    """Combinations of levels that are left out: `{factor: level}`."""
    tuning: Tuning | None = None
    """What is tried for every method before anything is reported."""
    primary: Literal["horizon", "solve_rate", "accuracy", "steps_to_solve"] = "horizon"
    """The outcome that is compared."""
    comparisons: Comparisons = Comparisons()
    """Which methods are compared with which."""
    probes: Annotated[Asked, PlainValidator(_probes), Of("probes.asked")] = "default"
    """What is measured beside the accuracy: default, none, all, or a list of probes."""
    match_parameters: Positive | None = None
    """Choose each method's width so that it has this many parameters."""
    keep_parameters: bool = False
    """Keep what was trained, for `seqbench sample`."""
    claim: Claim | None = None
    """The published claim that the grid repeats, for `seqbench replicate`."""

    _document: Document = PrivateAttr(default=Document("grid", ""))

    @property
    def name(self) -> str:
        """Names the results: the file's name without its ending, unless another was chosen or values are overridden."""
        return self._document.name

    @property
    def path(self) -> Path:
        """The file this grid was read from."""
        return Path(self._document.file)

    @property
    def text(self) -> str:
        """The file as it was read; where values are overridden, a file that says the same."""
        return as_yaml(self._document.data) if self.overrides else self._document.text

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What is not as the file says."""
        return self._document.overrides

    @property
    def document(self) -> Document:
        """The file's values with their positions, for errors."""
        return self._document

    def references(self) -> Iterator[tuple[Place, str, Reference]]:
        """Every component the file names: where, of which family, and how."""
        return named_components(self._document.data)
