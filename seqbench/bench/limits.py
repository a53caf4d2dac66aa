"""What is in the way of each goal that is missed: of a training step by its profile, of a whole grid by its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ARITHMETIC = ("products", "elementwise")
"""The kinds of operation that the equations of a cell ask for."""

OTHERS = ("copies", "scalars", "update", "rest")

Rows = Sequence[Mapping[str, Any]]


def missed_goals(steps: Rows, profiles: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the tables `steps` and `profile`."""
    kinds = {_size(row): row for row in profiles}
    return [
        _sentence(row, other, kinds[_size(row)])
        for row in steps
        for other in ("pytorch", "flax")
        if _size(row) in kinds and _missed(row[f"{other}_ratio"], row[f"{other}_goal"])
    ]


def missed_by_grids(grids: Rows) -> list[str]:
    """One sentence a missed goal, from the rows of the table `grids`."""
    ours = grids[0]
    parts = {"training": "training_seconds", "compilation": "compilation_seconds", "the rest": "rest_seconds"}
    took = ", ".join(f"{name} {ours[part]:.3g}" for name, part in parts.items())
    return [
        f"{row['harness']}, {row['ratio']:.2f} times, goal {row['goal']:g}: the goal leaves "
        f"{row['seconds'] / row['goal']:.3g} s, and seqbench takes {took}; with nothing but its training it would be "
        f"{row['seconds'] / ours['training_seconds']:.2f} times."
        for row in grids
        if _missed(row["ratio"], row["goal"])
    ]


def _sentence(row: Mapping[str, Any], other: str, profile: Mapping[str, Any]) -> str:
    leaves = row[f"{other}_ms"] / row[f"{other}_goal"]
    needed = sum(profile[f"{kind}_ms"] for kind in ARITHMETIC)
    cell, *sizes = _size(row)
    name = {"pytorch": "PyTorch", "flax": "Flax"}[other]
    begin = (
        f"{cell}, {' x '.join(map(str, sizes))}, {row[f'{other}_ratio']:.2f} times against {name}, goal "
        f"{row[f'{other}_goal']}: the goal leaves {leaves:.3g} ms"
    )
    if needed >= leaves:
        return f"{begin}, and products and elementwise operations alone take {needed:.3g}."
    rest = ", ".join(f"{kind} {profile[f'{kind}_ms']:.3g}" for kind in OTHERS)
    return f"{begin}, of which products and elementwise operations take {needed:.3g}; what is in the way is {rest}."


def _missed(ratio: float | None, goal: float | None) -> bool:
    return ratio is not None and goal is not None and ratio < goal


def _size(row: Mapping[str, Any]) -> tuple[str, int, int, int]:
    return row["cell"], row["batch"], row["steps"], row["width"]
