"""What stands between a training step and each goal that it misses, by its profile."""

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
