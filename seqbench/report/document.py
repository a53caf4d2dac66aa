"""The page: sections, drawings and tables laid into one HTML file that asks nothing of the network.

Nothing in a grid can become markup: the template escapes all text, the data block has no `<`, names stand in addresses
as numbers or as letters, digits and dashes, and the content security policy allows exactly the one style sheet and the
one script of the page, by hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd
from markupsafe import Markup

from seqbench.palette import COLOURS, Style
from seqbench.report.evidence import Evidence
from seqbench.report.facts import answers, facts, headline, title, warnings
from seqbench.report.files import Drawing
from seqbench.report.numbers import numbers
from seqbench.report.render import LONG, MARKDOWN, TEX, TEX_SHARE, TEX_TABLE
from seqbench.report.section import Section
from seqbench.report.svg import StyleSheet, inline, marker_path
from seqbench.report.table import Table

TEMPLATES = Path(__file__).parent / "templates"
EMBEDDED_BYTES = 2_000_000
"""Tables up to this size travel inside the page; larger ones stand beside it only."""
TRIAL_COLUMNS = (
    "trial", "method", "task", "length", "seed", "outcome", "accuracy", "loss", "solved_at", "diverged_at",
    "learning_rate", "purpose", "steps", "seconds",
)  # fmt: skip


class Download(NamedTuple):
    """A table to download: `href` holds the table itself, or leads to the file beside the page."""

    name: str
    title: str
    rows: int
    href: str
    tex: bool


def html(
    evidence: Evidence, sections: Sequence[Section], drawings: Mapping[str, Drawing], downloads: Sequence[Download]
) -> str:
    """The whole page; `drawings` are those of its charts, by name."""
    sheet = StyleSheet()
    drawn = [_with_drawings(section, drawings, sheet, evidence) for section in sections]
    style = "\n".join([(TEMPLATES / "report.css").read_text("utf-8"), _method_classes(evidence), str(sheet)])
    script = (TEMPLATES / "report.js").read_text("utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("report.html.j2").render(
        policy=content_policy(style, script), style=Markup(style), script=Markup(script), data=Markup(_data(evidence)),
        title=title(evidence), grid=evidence.plan.grid, answers=answers(evidence),
        headline=headline(evidence), facts=facts(evidence),
        warnings=warnings(evidence), methods=_legend(evidence), factors=_factors(evidence), sections=drawn,
        downloads=downloads, listed=evidence.listed, trials=len(evidence.results),
    )  # fmt: skip


def download(table: Table, rows: str) -> Download:
    """A table as a link that works without the files beside the page, if it is small enough; `rows` are its CSV."""
    text = rows.encode()
    embedded = len(text) <= EMBEDDED_BYTES
    href = f"data:text/csv;base64,{base64.b64encode(text).decode()}" if embedded else f"tables/{table.name}.csv"
    return Download(table.name, table.title, len(table.frame), href, bool(table.columns))


def _with_drawings(
    section: Section, drawings: Mapping[str, Drawing], sheet: StyleSheet, evidence: Evidence
) -> dict[str, Any]:
    """A section whose charts are drawn and whose chart tables are laid out."""
    parts = []
    for part in section.parts:
        charts = [
            {
                "name": chart.name, "title": chart.title, "reading": chart.reading, "wide": chart.wide,
                "svg": Markup(inline(chart, drawings[chart.name], sheet)),
                "table": numbers(chart, evidence),
            }
            for chart in part.charts
        ]  # fmt: skip
        parts.append({**part._asdict(), "charts": charts})
    return {**section._asdict(), "parts": parts}


def content_policy(style: str, script: str) -> str:
    """The content security policy: this style, this script, nothing else."""

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    allowed = f"style-src {digest(style)}; script-src {digest(script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _method_classes(evidence: Evidence) -> str:
    """One class per method, for its marker in the legend and in tables."""
    looks = (evidence.styles[method] for method in evidence.methods)
    return "\n".join(f".m{i} .swatch{{color:var(--c{COLOURS.index(look.colour)})}}" for i, look in enumerate(looks))


def _legend(evidence: Evidence) -> list[dict[str, str]]:
    """Name, marker, dash and factor levels of every method; a method outside of the factorial has no levels."""
    known, entries = evidence.levels, []
    for method in evidence.methods:
        look: Style = evidence.styles[method]
        many = _factors(evidence) if method in known.index else []
        levels = [f"{f['place']}:{f['levels'].index(known.loc[method, f['name']])}" for f in many]
        dash = " ".join(f"{1.8 * stroke:g}" for stroke in look.dash)
        entries.append({"name": method, "sign": marker_path(look.marker), "dash": dash, "levels": " ".join(levels)})
    return entries


def _factors(evidence: Evidence) -> list[dict[str, Any]]:
    """The factors by which methods are chosen."""
    named = {name: levels for name, levels in evidence.factors.items() if len(levels) <= 6}
    return [{"place": place, "name": name, "levels": levels} for place, (name, levels) in enumerate(named.items())]


def _data(evidence: Evidence) -> str:
    """The trials as JSON in which no `<` occurs, so that no name can end the block."""
    rows = evidence.results if evidence.listed else evidence.results.iloc[:0]
    places: dict[str, Callable[[str], int]] = {"task": evidence.tasks.index, "method": evidence.place}
    columns = [
        [_brief(places[name](value) if name in places else value) for value in rows[name]] for name in TRIAL_COLUMNS
    ]
    data = {
        "command": f"seqbench run {shlex.quote(evidence.plan.grid or 'GRID')} --trial",
        "tasks": evidence.tasks, "methods": evidence.methods, "columns": TRIAL_COLUMNS,
        "spelling": {"LaTeX": TEX, "Markdown": MARKDOWN},
        "latex": {**TEX_TABLE, "longer": LONG, "share": TEX_SHARE},
        "rows": list(zip(*columns, strict=True)),
    }  # fmt: skip
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _brief(value: Any) -> str | int | float | None:
    """A value for the data block: nothing for what is missing, five significant digits of a fraction."""
    if pd.isna(value):
        return None
    if isinstance(value, str):
        return value
    return int(value) if float(value).is_integer() else float(f"{value:.5g}")
