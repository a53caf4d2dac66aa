"""`seqbench probe`: the gradient by distance before anything is trained, of whole grids or of one model."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.commands.tables import table_of

ALONE = "probe"
"""Folder of the figures of single models."""

WIDTH = 200
"""Columns of the tables that are kept as text."""


def probe(
    grid: Asked | None,
    results: Path,
    *,
    task: str,
    length: int | None,
    cell: str,
    mitigations: Sequence[str] = (),
    against: Asked | None = None,
) -> None:
    """Probe at initialisation, write the figure and its numbers, and print where they are and a small table.

    `against` is another grid, which is drawn beside it.
    """
    from seqbench.execution.probe_grid import LENGTH, grid_of, probe_plans, side_by_side
    from seqbench.plan.feasibility import reasons_in_words

    asked = grid.read() if grid is not None else grid_of(task, length, cell, mitigations)
    others = [against.read()] if against is not None else []
    with Progress(console=progress(), transient=True) as bar:
        line = bar.add_task("Probing", total=None)
        probed = probe_plans(
            [asked, *others], length=length, report=lambda done, of: bar.update(line, completed=done, total=of)
        )
    label = asked.name if grid is not None else " + ".join((cell, *mitigations))
    measured = side_by_side([label, *(other.name for other in others)], [each.measured for each in probed])
    if grid is not None:
        folder, name = results / asked.name / "probes", f"gradient-{length}" if length else "gradient"
    else:
        folder, name = results / ALONE, file_name(task, length or LENGTH, cell, mitigations)
    name += "".join(f"-against-{other.name}" for other in others)
    left_out = [f"Left out: {line}" for own in probed for line in reasons_in_words(own.incompatible)]
    _keep(measured, left_out, folder, name)
    lengths = sorted(set(measured["length"]))
    if others and len(lengths) > 1:
        out().print(f"Drawn at lengths {', '.join(map(str, lengths))}; one for all: --length {lengths[-1]}")


def _keep(measured: pd.DataFrame, left_out: Sequence[str], folder: Path, name: str) -> None:
    """Write the figure and its numbers, and print where they are and the tables."""
    from seqbench.report.probe_figures import probe_figure, probe_table, write_figure
    from seqbench.store import atomic

    path = write_figure(probe_figure(measured), folder, name)
    shown: list[Table | str] = [*_tables(probe_table(measured)), *left_out]
    atomic.write_bytes(path.with_suffix(".parquet"), measured.to_parquet(index=False))
    atomic.write_text(path.with_suffix(".txt"), _as_text(shown))
    console = out()
    console.print(f"{path}")
    console.print(f"Its numbers: {path.with_suffix('.parquet')}, and as below {path.with_suffix('.txt')}")
    for each in shown:
        console.print(each)


def _tables(table: pd.DataFrame) -> Iterator[Table]:
    """A table for each task, and for each grid if there are two."""
    keys = [name for name in ("task", "grid") if name in table]
    for (task, *grid), rows in table.groupby(keys, sort=False):
        shown = rows.drop(columns=[*keys, "length"]).dropna(axis="columns", how="all")
        title = f"{task} at initialisation, dependency length {rows['length'].iloc[0]}"
        yield table_of(shown, title=": ".join([*grid, title]))


def _as_text(shown: Sequence[Table | str]) -> str:
    """Tables and lines as the text of a file."""
    file = io.StringIO()
    console = Console(file=file, width=WIDTH, markup=False, highlight=False, soft_wrap=True, color_system=None)
    for each in shown:
        console.print(each)
    return file.getvalue()


def file_name(task: str, length: int, cell: str, mitigations: Sequence[str]) -> str:
    """The name of one model's figure, without ending: what was asked, in characters that every file system takes."""
    parts = (f"{task}-{length}", cell, *mitigations)
    return "-".join(re.sub(r"[^A-Za-z0-9_-]+", ".", part) for part in ("gradient", *parts))
