"""From a grid to its methods, each with complete settings.

The levels of the factors combine as a full product. Their fragments are merged over the grid's own: cell, model and
training are replaced or updated, mitigations are added in the order of the factors. Levels that contradict each other
are refused (`contradictions`). A method of the explicit list is merged the same way, except that its mitigations stand
instead of the grid's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from seqbench.components import catalogue
from seqbench.components.catalogue import NO_CELL, Component
from seqbench.components.nearest_name import advice
from seqbench.grid.document import Place, plain_value
from seqbench.grid.gathered import Gathered
from seqbench.grid.reference import Reference, layered
from seqbench.grid.spec import Fragment, Grid
from seqbench.grid.training import TRAINING_FAMILIES, Training, TrainOn
from seqbench.plan.contradictions import claims, require_agreement, require_cell_read, require_fit
from seqbench.schema import NOTHING

PLAIN = "plain"
"""Name of the method whose levels all change nothing."""


@dataclass(frozen=True)
class Method:
    """What is compared: a model with its mitigations, and how it is trained.

    name: as the grid or its factors give it; no part of a trial's identity
    factors: the level of each factor, empty for a method of the explicit list
    training: everything but the learning rate; steps, batches and lengths may be rules of the dependency length
    tuned: whether tuning may change it; True where nothing is tuned
    upper_cells: the cells of the layers above the bottom one, where the grid lists them; empty: all have `cell`
    """

    name: str
    factors: dict[str, str]
    cell: Component
    model: Component
    mitigations: tuple[Component, ...]
    training: dict[str, Any]
    learning_rate: float
    tuned: bool = True
    upper_cells: tuple[Component, ...] = ()

    @property
    def components(self) -> Iterator[tuple[str, Component]]:
        """Every component of the method, with its family."""
        if self.cell != NO_CELL:
            yield from (("cells", cell) for cell in (self.cell, *self.upper_cells))
        yield "models", self.model
        for mitigation in self.mitigations:
            yield "mitigations", mitigation
        for key, family in TRAINING_FAMILIES.items():
            yield family, Component(**self.training[key])


class Draft(NamedTuple):
    """A method before its settings are complete."""

    cell: Reference
    model: Reference
    mitigations: tuple[Reference, ...]
    training: Training

    def under(self, *fragments: Fragment) -> Draft:
        """This draft with fragments merged over it that do not contradict each other; their mitigations are added."""
        return Draft(
            cell=layered(self.cell, (part.cell for part in fragments if part.cell)),
            model=layered(self.model, (part.model for part in fragments if part.model)),
            mitigations=(*self.mitigations, *(own for part in fragments for own in part.mitigations)),
            training=self.training.updated(*(part.training for part in fragments)),
        )

    @property
    def single(self) -> dict[str, Reference]:
        """The components of which a method has one, by family."""
        trained = {family: getattr(self.training, key) for key, family in TRAINING_FAMILIES.items()}
        return {"cells": self.cell, "models": self.model, **trained}

    def method(self, name: str, factors: dict[str, str]) -> Method:
        """The method, with complete settings."""
        model = catalogue.resolve("models", self.model.name, self.model.settings or {})
        cells = [NO_CELL]
        if catalogue.is_recurrent(model.name):
            cells = [catalogue.resolve("cells", cell.name, cell.settings or {}) for cell in self.cell.each]
        return Method(
            name=name,
            factors=factors,
            cell=cells[0],
            upper_cells=tuple(cells[1:]),
            model=model,
            mitigations=tuple(catalogue.resolve("mitigations", m.name, m.settings or {}) for m in self.mitigations),
            training=complete_training(self.training),
            learning_rate=self.training.learning_rate,
        )


def complete_training(training: Training) -> dict[str, Any]:
    """A method's training as plain values, without the learning rate, which is an array in the compiled program."""
    values = {key: getattr(training, key) for key in type(training).model_fields if key != "learning_rate"}
    if isinstance(training.stop_when_solved, TrainOn):
        values["stop_when_solved"] = training.stop_when_solved.model_dump()
    # Named where they are declared alone: trials from before they could be keep their identity.
    stuck = values.pop("stop_when_stuck")
    if stuck:
        values["stop_when_stuck"] = stuck.model_dump()
    if not values["lengths"]:
        del values["lengths"]
    for key, family in TRAINING_FAMILIES.items():
        reference = values[key]
        values[key] = catalogue.resolve(family, reference.name, reference.settings or {})._asdict()
    return values


def method_bound(grid: Grid) -> int:
    """How many methods the grid has at most (before `exclude`), counted without making them."""
    product = math.prod(len(levels) for levels in grid.factors.values()) if grid.factors else 0
    return product + len(grid.methods) or 1


def expand_methods(grid: Grid) -> tuple[Method, ...]:
    """The methods of the list, then those of the factors' product, then without either the grid's own as `plain`.

    Raises:
        GridError: two methods have one name, two names are one method, or all are excluded.
    """
    base = Draft(grid.cell, grid.model, tuple(grid.mitigations), grid.training)
    gathered = Gathered()
    removed: list[dict[str, tuple[str, ...]]] = []
    listed: list[Method] = []
    with gathered.part():
        removed = exclusions(grid)
    for index in range(len(grid.methods)):
        with gathered.part():
            listed.append(_listed(base, grid, index))
    gathered.require_none()
    methods = (*listed, *_factorial(base, grid, removed))
    if not methods and grid.factors:
        raise grid.document.error(
            ("exclude",), "every combination of the factors is excluded: nothing is left to train"
        )
    methods = methods or (base.method(PLAIN, {}),)
    _require_different(grid, methods)
    return methods


def _listed(base: Draft, grid: Grid, index: int) -> Method:
    fragment = grid.methods[index]
    start = base._replace(mitigations=()) if "mitigations" in fragment.model_fields_set else base
    draft = start.under(fragment)
    require_cell_read(grid.document, fragment, ("methods", index), draft.model)
    require_fit(grid.document, fragment, ("methods", index), draft.single)
    method = draft.method(fragment.name, {})
    return replace(method, tuned=fragment.tuned or grid.tuning is None)


def _factorial(base: Draft, grid: Grid, removed: list[dict[str, tuple[str, ...]]]) -> Iterator[Method]:
    if not grid.factors:
        return
    for combination in itertools.product(*(levels.items() for levels in grid.factors.values())):
        labels = dict(zip(grid.factors, (label for label, _ in combination), strict=True))
        if any(all(labels[factor] in levels for factor, levels in rule.items()) for rule in removed):
            continue
        places: list[Place] = [("factors", *level) for level in labels.items()]
        fragments = [fragment for _, fragment in combination]
        claimed = [list(claims(fragment, place)) for fragment, place in zip(fragments, places, strict=True)]
        require_agreement(grid.document, claimed)
        draft = base.under(*fragments)
        for fragment, place in zip(fragments, places, strict=True):
            require_fit(grid.document, fragment, place, draft.single)
        yield draft.method(method_name(labels.values()), labels)


def method_name(labels: Iterable[str]) -> str:
    """The name of a combination of levels: those that change something, joined by ` + `."""
    return " + ".join(label for label in labels if label not in NOTHING) or PLAIN


def _require_different(grid: Grid, methods: Iterable[Method]) -> None:
    by_name: dict[str, Method] = {}
    by_content: dict[str, Method] = {}
    for method in methods:
        place: Place = ("factors",) if method.factors else ("methods",)
        content = repr(
            (method.cell, method.upper_cells, method.model, method.mitigations, method.training,
             method.learning_rate, method.tuned)
        )  # fmt: skip
        if method.name.casefold() in by_name:
            raise grid.document.error(place, f"two methods are called {method.name!r}; label them differently")
        if content in by_content:
            first = by_content[content].name
            problem = f"the methods {first!r} and {method.name!r} are the same; leave one out (see `exclude`)"
            raise grid.document.error(place, problem)
        by_name[method.name.casefold()] = by_content[content] = method


def exclusions(grid: Grid) -> list[dict[str, tuple[str, ...]]]:
    """The rules of `exclude`: for each factor named, the levels that together remove a combination.

    Raises:
        GridError: a rule names no factor, or a factor or level that does not exist.
    """
    gathered = Gathered()
    rules: list[dict[str, tuple[str, ...]]] = []
    for index, rule in enumerate(grid.exclude):
        levels: dict[str, tuple[str, ...]] = {}
        with gathered.part():
            if not rule:
                raise grid.document.error(("exclude", index), "expected at least one factor with a level, got none")
        for factor, wanted in rule.items():
            with gathered.part():
                levels[factor] = _excluded(grid, ("exclude", index, factor), factor, wanted)
        rules.append(levels)
    gathered.require_none()
    return rules


def _excluded(grid: Grid, place: Place, factor: str, wanted: Any) -> tuple[str, ...]:
    if factor not in grid.factors:
        problem = f"expected the name of a factor, got {factor!r}{advice(factor, grid.factors)}"
        raise grid.document.error(place, problem, key=True)
    levels = grid.factors[factor]
    found = []
    for value in wanted if isinstance(wanted, list) else [wanted]:
        # A level `25` is the text 25, as every key is; written as a value YAML makes a number of it.
        matches = [level for level in levels if value == (level if isinstance(value, str) else plain_value(level))]
        if not matches:
            raise grid.document.error(place, f"expected a level of {factor}, got {value!r}{advice(value, levels)}")
        found.append(matches[0])
    return tuple(found)


def require_method(grid: Grid, methods: Iterable[Method]) -> None:
    """Raise GridError if `comparisons`, or a criterion of the claim, names a method that does not exist."""
    known = [method.name for method in methods]
    named: list[tuple[Place, str]] = []
    if grid.comparisons.baseline:
        named.append((("comparisons", "baseline"), grid.comparisons.baseline))
    for index, pair in enumerate(grid.comparisons.pairs):
        named += [(("comparisons", "pairs", index, place), name) for place, name in enumerate(pair)]
    for index, criterion in enumerate(grid.claim.criteria if grid.claim else ()):
        own: Place = ("claim", "criteria", index)
        named += [((*own, "method"), criterion.method)]
        named += [((*own, "than"), criterion.than)] if criterion.than else []
    gathered = Gathered()
    for place, name in named:
        if name not in known:
            with gathered.part():
                problem = f"expected the name of a method, got {name!r}{advice(name, known)}"
                raise grid.document.error(place, problem)
    gathered.require_none()
