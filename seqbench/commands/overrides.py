"""What is overridden in a grid, as commands say it."""

from __future__ import annotations

from seqbench.grid.spec import Grid


def describe_overrides(grid: Grid) -> str:
    """`Overridden: training.steps 200 (file: 800)`."""
    said = (f"{one.setting} {one.after} (file: {one.before or 'not set'})" for one in grid.overrides)
    return f"Overridden: {'; '.join(said)}"
