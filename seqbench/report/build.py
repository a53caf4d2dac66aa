"""From a results folder to its report: `report.html`, `report.md`, `figures/` and `tables/`.

Every file is written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seqbench.errors import UsageError
from seqbench.report.contents import contents
from seqbench.report.document import download, html
from seqbench.report.evidence import Evidence
from seqbench.report.files import Drawing, draw
from seqbench.report.markdown import markdown_report
from seqbench.report.render import csv, tex
from seqbench.report.section import Section
from seqbench.report.svg_file import compact
from seqbench.report.table import Table
from seqbench.store import atomic
from seqbench.store.results import Results, load


def report(results: Results | str | Path, folder: str | Path | None = None) -> Path:
    """Write the report of results at hand, or of a results folder; see `seqbench.report`."""
    found = results if isinstance(results, Results) else load(results)
    place = folder or found.folder
    if place is None:
        raise UsageError("these results have no folder of their own; name one: seqbench.report(results, folder)")
    return write_report(Evidence(found), Path(place))


def write_report(evidence: Evidence, folder: Path) -> Path:
    """Write the report of evidence at hand to `folder`, and return the path of `report.html`."""
    sections = contents(evidence)
    drawings = _drawings(evidence, sections)
    tables = [(table, csv(table.frame)) for table in (*_tables(sections), *raw_tables(evidence))]
    for name, text in _texts(evidence, sections, tables):
        atomic.write_bytes(folder / name, text.encode())
    for name, drawing in drawings.items():
        _write_vector(folder, name, drawing)
        atomic.write_bytes(folder / "figures" / f"{name}.png", drawing.png)
    atomic.write_bytes(
        folder / "report.html", html(evidence, sections, drawings, [download(*table) for table in tables]).encode()
    )
    return folder / "report.html"


def write_shown(evidence: Evidence, folder: Path) -> None:
    """Write what a code host shows of a report: `report.md` and its figures, and no other figure."""
    sections = contents(evidence)
    drawings = _drawings(evidence, sections)
    atomic.write_bytes(folder / "report.md", markdown_report(evidence, sections).encode())
    for name, drawing in drawings.items():
        _write_vector(folder, name, drawing)
    for path in (folder / "figures").glob("*"):
        if path.is_file() and (path.suffix != ".svg" or path.stem not in drawings):
            path.unlink()


def _drawings(evidence: Evidence, sections: Iterable[Section]) -> dict[str, Drawing]:
    """Every chart of a report, drawn."""
    charts = [chart for section in sections for part in section.parts for chart in part.charts]
    return {chart.name: draw(chart, evidence) for chart in charts}


def _write_vector(folder: Path, name: str, drawing: Drawing) -> None:
    atomic.write_bytes(folder / "figures" / f"{name}.svg", compact(drawing.svg).encode())


def raw_tables(evidence: Evidence) -> list[Table]:
    """The rows behind everything, without a layout."""
    titles = {"trials": "every trial", "curves": "every evaluation", "probes": "every probe"}
    return [Table(name, titles[name], (), frame) for name, frame in evidence.raw.items() if len(frame)]


def _tables(sections: Iterable[Section]) -> list[Table]:
    return [table for section in sections for part in section.parts for table in part.tables]


def _texts(
    evidence: Evidence, sections: list[Section], tables: Iterable[tuple[Table, str]]
) -> Iterable[tuple[str, str]]:
    """Name and text of every file that is text; each of `tables` comes with its CSV."""
    for table, rows in tables:
        yield f"tables/{table.name}.csv", rows
        if table.columns:
            yield f"tables/{table.name}.tex", tex(table)
    yield "report.md", markdown_report(evidence, sections)
