"""Main effects and interactions of a factorial grid, as contrasts of each seed's own trials.

A seed gives one number for every combination of the factors, hence one number for every effect: no model, no
separation, any order of interaction. Two levels are coded -1 and +1 as in Box, Hunter & Hunter (2005): a main effect
is the mean with the remedy less the mean without; a two-way effect is half the difference of one factor's effect with
and without the other, which is half of how much more the two add together than the sum of what each adds alone. A
factor with more levels gives one such contrast for each level against its reference. The factors not in the effect are
averaged over all of their levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from seqbench.stats.brackets import BOUNDS, TURNED, WITHIN
from seqbench.stats.interval import Floats, t_interval
from seqbench.stats.outcomes import SeedOutcome, known_outcome, seed_outcome
from seqbench.stats.preregistration import Declared
from seqbench.stats.signflip import holm, sign_flip_test, verdict
from seqbench.stats.task_arrays import TaskArrays, method_levels, reference_level

COLUMNS = [
    "task", "outcome", "unit", "effect", "order", "against", "n", "mean", "low", "high", "p", "p_holm", "family",
    "comparisons", "verdict", "depends_on", "bound",
]  # fmt: skip
INTERACTION_COLUMNS = ["task", "outcome", "unit", "factor", "level", "by", "by_level", "n", "mean", "low", "high"]
MISSING_COLUMNS = ["task", "missing"]
MORE, LESS = "more than their sum", "less than their sum"
"""How two remedies act together when a two-way effect is found. `WITHIN` follows where seeds beyond the ends of the
range of lengths may bring the effect nearer to none."""


@dataclass(frozen=True)
class Design:
    """How the methods of a task fill the combinations of its factors; methods outside of the factorial take no part.

    levels: for each factor its levels, the reference first
    place: for each combination, as an index a factor, the method's place in `TaskArrays.methods`
    """

    levels: dict[str, tuple[str, ...]]
    place: dict[tuple[int, ...], int]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of levels of each factor."""
        return tuple(len(found) for found in self.levels.values())

    def missing(self) -> list[str]:
        """The combinations that no method fills, in words."""
        absent = [at for at in np.ndindex(self.shape) if at not in self.place]
        names = self.levels.items()
        return [", ".join(f"{name}={found[i]}" for (name, found), i in zip(names, at, strict=True)) for at in absent]

    def alone(self) -> dict[tuple[str, str], int]:
        """Of each factor and level the method that has it and of every other factor the reference."""
        found = {}
        for axis, (name, levels) in enumerate(self.levels.items()):
            for place, level in enumerate(levels):
                at = tuple(place if other == axis else 0 for other in range(len(self.levels)))
                if place and at in self.place:
                    found[name, level] = self.place[at]
        return found

    def spread(self, values: Floats) -> Floats:
        """`[M, S]` values of the methods as `[levels of each factor..., S]`, NaN where no method stands."""
        cells = np.full((*self.shape, values.shape[1]), np.nan)
        for at, method in self.place.items():
            cells[at] = values[method]
        return cells


def find_design(rows: pd.DataFrame, arrays: TaskArrays, declared: Declared) -> Design | None:
    """The design of a task; None with fewer than two factors or with two methods in one combination."""
    text = method_levels(rows)
    if text.shape[1] < 2:
        return None
    levels = {}
    for name in map(str, text):
        found = sorted(text[name].unique())
        first = reference_level(text[name], declared.references.get(name)) or found[0]
        levels[name] = (first, *(level for level in found if level != first))
    place = {
        tuple(own.index(str(row[name])) for name, own in levels.items()): arrays.methods.index(str(method))
        for method, row in text.iterrows()
    }
    return Design(levels, place) if len(place) == text.index.nunique() == len(text) else None


def contrast(cells: Floats, involved: dict[int, int]) -> Floats:
    """`[S]` effect of the `involved` factors (axis -> level, against level 0), the others averaged; NaN if open."""
    for axis in range(cells.ndim - 2, -1, -1):
        if axis in involved:
            cells = np.take(cells, involved[axis], axis=axis) - np.take(cells, 0, axis=axis)
        else:
            cells = cells.mean(axis=axis)
    return cells / 2.0 ** (len(involved) - 1)


def _effects(design: Design) -> Iterator[tuple[tuple[str, ...], str, dict[int, int]]]:
    """Every effect by order: its parts by name, what it is against, and the levels involved."""
    names = list(design.levels)
    for order in range(1, len(names) + 1):
        for axes in combinations(range(len(names)), order):
            for levels in product(*(range(1, design.shape[axis]) for axis in axes)):
                own = tuple(f"{names[a]}={design.levels[names[a]][i]}" for a, i in zip(axes, levels, strict=True))
                references = [f"{names[a]}={design.levels[names[a]][0]}" for a in axes]
                yield own, " x ".join(references), dict(zip(axes, levels, strict=True))


def _word(order: int, mean: float, p_holm: float, n: int, bound: str, comparisons: int, alpha: float) -> str:
    """The verdict of an effect, `mean` positive where it is good; two-way effects say how the remedies act together."""
    if order > 2:
        return "diagnostic"
    word = verdict(mean, p_holm, n, comparisons, alpha)
    if order == 1 or word not in ("better", "worse"):
        return word
    found, nearer = (MORE, "at most") if word == "better" else (LESS, "at least")
    return f"{found} {WITHIN}" if bound in (nearer, WITHIN) else found


def _bound(cells: Floats, involved: dict[int, int], outcome: SeedOutcome) -> str:
    """What seeds at the ends of the range say of an effect, of `BOUNDS`: whether they can raise or lower it."""
    seeds = np.isfinite(contrast(cells, involved))
    rises = falls = False
    for levels in product(*((0, level) for level in involved.values())):
        own = cells
        for axis, level in sorted(zip(involved, levels, strict=True), reverse=True):
            own = np.take(own, level, axis=axis)
        above = outcome.open_high and bool(np.isclose(own[..., seeds], outcome.high).any())
        below = outcome.open_low and bool(np.isclose(own[..., seeds], outcome.low).any())
        added = levels.count(0) % 2 == 0
        rises |= above if added else below
        falls |= below if added else above
    return BOUNDS[rises, falls]


def _effects_on(outcome: SeedOutcome, design: Design, declared: Declared, family: str) -> pd.DataFrame:
    """All effects on one outcome; main and two-way effects are one family, higher orders are diagnostics."""
    cells, width, rows = design.spread(outcome.values), outcome.high - outcome.low, []
    for parts, against, involved in _effects(design):
        own = contrast(cells, involved)
        own = own[np.isfinite(own)]
        low, high = t_interval(own, -width, width, declared.alpha)
        mean = own.mean() if own.size else np.nan
        size = own.size, mean, low, high, sign_flip_test(own), _bound(cells, involved, outcome)
        rows.append((" x ".join(parts), parts, len(involved), against, *size))
    columns = ["effect", "parts", "order", "against", "n", "mean", "low", "high", "p", "bound"]
    table = pd.DataFrame(rows, columns=columns)
    tested = table["order"] <= 2
    table["p_holm"] = np.nan
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"])
    table["comparisons"] = int(tested.sum())
    better = outcome.better * table["mean"]
    good = table["bound"] if outcome.better > 0 else table["bound"].map(TURNED)
    stated = zip(table["order"], better, table["p_holm"], table["n"], good, strict=True)
    table["verdict"] = [_word(*row, int(tested.sum()), declared.alpha) for row in stated]
    return table.assign(outcome=outcome.name, unit=outcome.unit, family=family, depends_on=_depends_on(table))


def _depends_on(table: pd.DataFrame) -> list[str]:
    """For each main effect, the levels it works differently with, by the interval or by the test."""
    found = (table["low"] > 0) | (table["high"] < 0) | table["verdict"].str.startswith((MORE, LESS))
    pairs = table.loc[(table["order"] == 2) & found, "parts"]
    others = [[part for pair in pairs if own[0] in pair for part in pair if part != own[0]] for own in table["parts"]]
    return [", ".join(sorted(own)) if order == 1 else "" for own, order in zip(others, table["order"], strict=True)]


def outcomes_of(arrays: TaskArrays, declared: Declared) -> list[SeedOutcome]:
    """The primary outcome, then whether each length was solved, then the horizon and steps to solve.

    A search trains each seed at lengths of its own: there the primary outcome stands alone.
    """
    primary = seed_outcome(arrays, declared.outcome)
    if arrays.searched:
        return [primary]
    solved = [
        known_outcome(f"solved at {length:g}", "solve rate", arrays.solved[..., place], 0.0, 1.0)
        for place, length in enumerate(arrays.lengths)
    ]
    names = ["steps"] if len(arrays.lengths) == 1 else ["horizon", "steps"]
    return [primary, *solved, *(seed_outcome(arrays, name) for name in names if name != primary.name)]


def effects(arrays: TaskArrays, design: Design, declared: Declared) -> pd.DataFrame:
    """One row an effect and outcome of a task, over the `n` seeds that have every trial the effect needs.

    order: 1 main, 2 two-way, ...; against: the reference levels; family: `declared` for the primary outcome, else
    `exploratory`; depends_on: what a main effect must not be stated without; bound: what seeds at the
    ends of the range say of the mean (`seqbench.stats.brackets.BOUNDS`). low, high: t interval of one
    contrast a seed. An effect whose combinations are missing from the grid has n = 0.
    """
    outcomes = outcomes_of(arrays, declared)
    tables = [
        _effects_on(outcome, design, declared, "exploratory" if place else "declared")
        for place, outcome in enumerate(outcomes)
    ]
    return pd.concat(tables, ignore_index=True).assign(task=arrays.task)[COLUMNS]


def interactions(arrays: TaskArrays, design: Design, declared: Declared) -> pd.DataFrame:
    """The primary outcome at every level of each factor by each level of another, averaged over the rest."""
    outcome = seed_outcome(arrays, declared.outcome)
    cells, names, rows = design.spread(outcome.values), list(design.levels), []
    for one, other in combinations(range(len(names)), 2):
        rest = tuple(axis for axis in range(len(names)) if axis not in (one, other))
        averaged = cells.mean(axis=rest) if rest else cells
        for i, j in np.ndindex(averaged.shape[:2]):
            own = averaged[i, j][np.isfinite(averaged[i, j])]
            low, high = t_interval(own, outcome.low, outcome.high, declared.alpha)
            mean = own.mean() if own.size else np.nan
            at = (names[one], design.levels[names[one]][i], names[other], design.levels[names[other]][j])
            rows.append((arrays.task, outcome.name, outcome.unit, *at, own.size, mean, low, high))
    return pd.DataFrame(rows, columns=INTERACTION_COLUMNS)


def missing_combinations(arrays: TaskArrays, design: Design, declared: Declared) -> pd.DataFrame:
    """One row a combination of factors that no method of the task fills; without it some effects have n = 0."""
    return pd.DataFrame({"task": arrays.task, "missing": design.missing()}, columns=MISSING_COLUMNS)
