"""`seqbench probe`: the gradient by distance before anything is trained, of a whole grid or of one model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.commands.tables import table_of

ALONE = "probe"
"""Folder of the figures of single models."""


def probe(
    grid: Asked | None, results: Path, *, task: str, length: int, cell: str, mitigations: Sequence[str] = ()
) -> None:
    """Probe at initialisation, write the figure, and print where it is and a small table."""
    from seqbench.execution.probe_grid import grid_of, probe_grid
    from seqbench.plan.plan import plan
    from seqbench.report.probe_figures import probe_figure, probe_table, write_figure

    asked = grid.read() if grid is not None else grid_of(task, length, cell, mitigations)
    current = plan(asked)
    with Progress(console=progress(), transient=True) as bar:
        line = bar.add_task("Probing", total=None)
        measured = probe_grid(current, report=lambda done, of: bar.update(line, completed=done, total=of))
    folder = results / asked.name / "probes" if grid is not None else results / ALONE
    name = "gradient" if grid is not None else file_name(task, length, cell, mitigations)
    path = write_figure(probe_figure(measured), folder, name)
    console = out()
    console.print(f"{path}")
    for name, rows in probe_table(measured).groupby("task", sort=False):
        shown = rows.drop(columns=["task", "length"]).dropna(axis="columns", how="all")
        console.print(table_of(shown, title=f"{name} at initialisation, dependency length {rows['length'].iloc[0]}"))
    for reason in current.incompatible:
        console.print(f"Left out: {reason.method} on {reason.task}: {reason.reason}")


def file_name(task: str, length: int, cell: str, mitigations: Sequence[str]) -> str:
    """The name of one model's figure, without ending: what was asked, in characters that every file system takes."""
    parts = (f"{task}-{length}", cell, *mitigations)
    return "-".join(re.sub(r"[^A-Za-z0-9_-]+", ".", part) for part in ("gradient", *parts))
