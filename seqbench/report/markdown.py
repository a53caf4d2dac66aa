"""The report for a code host: the answers, the figures beside it, and the tables."""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.printable import printable
from seqbench.report.evidence import Evidence
from seqbench.report.facts import answers, facts, headline, title, warnings
from seqbench.report.render import escape_markdown, markdown
from seqbench.report.section import Part, Section
from seqbench.report.table import Table


def markdown_report(evidence: Evidence, sections: Sequence[Section]) -> str:
    """The whole report as Markdown; figures are links into `figures/`."""
    lines = [f"# {escape_markdown(title(evidence))}", ""]
    lines += [
        f"- **{escape_markdown(answer.task)}**: {escape_markdown(answer.missing + answer.lead + answer.text)}"
        for answer in answers(evidence)
    ]
    lines += [""]
    lines += _table(found) if (found := headline(evidence)) else []
    lines += [escape_markdown(facts(evidence)), ""]
    for warning in warnings(evidence):
        lines += [f"> {escape_markdown(warning)}", ""]
    for section in sections:
        lines += [f"## {section.title}", "", escape_markdown(section.lead), ""]
        for part in section.parts:
            lines += _part(part)
    return "\n".join(lines).rstrip() + "\n"


def _part(part: Part) -> list[str]:
    """A part's heading, figures and tables."""
    lines = [f"### {escape_markdown(part.title)}", ""] if part.title else []
    lines += [escape_markdown(part.text), ""] if part.text else []
    for chart in part.charts:
        lines += [
            f"![{escape_markdown(chart.title)}](figures/{chart.name}.svg)",
            "",
            escape_markdown(chart.reading),
            "",
        ]
    for table in part.tables:
        lines += _table(table) if table.shown else []
    if part.code:
        fence = "`" * max(3, _longest_fence(part.code) + 1)
        lines += [fence + part.language, printable(part.code.rstrip()), fence, ""]
    return lines


def _table(table: Table) -> list[str]:
    """A table under its title, and how to read it."""
    note = [escape_markdown(table.note), ""] if table.note else []
    return [f"**{escape_markdown(table.title)}**", "", markdown(table), "", *note]


def _longest_fence(text: str) -> int:
    """The longest run of back-ticks in a text: a fence must be longer."""
    longest = run = 0
    for sign in text:
        run = run + 1 if sign == "`" else 0
        longest = max(longest, run)
    return longest
