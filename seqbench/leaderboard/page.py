"""The leaderboard as one offline page with filters. Nothing in a result can become markup; no network is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from seqbench.leaderboard.pages import LEAD, NOTE, TITLE, Leaderboard
from seqbench.report.document import TEMPLATES as REPORT_TEMPLATES
from seqbench.report.document import content_policy
from seqbench.report.links import relative
from seqbench.report.replications import Replication
from seqbench.report.table import Column, Row, Table, word

TEMPLATES = Path(__file__).parent / "templates"


def html_page(found: Leaderboard, page: Path) -> str:
    """The whole page, to be written to `page`: links are relative to it."""
    style = "\n".join(
        file.read_text("utf-8") for file in (REPORT_TEMPLATES / "report.css", TEMPLATES / "leaderboard.css")
    )
    script = (TEMPLATES / "leaderboard.js").read_text("utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("leaderboard.html.j2").render(
        policy=content_policy(style, script), style=Markup(style), script=Markup(script), title=TITLE, lead=LEAD,
        note=NOTE, found=found, claims=claims_table(found.claims, page),
    )  # fmt: skip


def claims_table(claims: Sequence[Replication], page: Path) -> Table:
    """The verdicts on published claims; one that was run leads to its report."""
    rows = pd.DataFrame(
        {
            "claim": [claim.name for claim in claims],
            "says": [claim.claim.says for claim in claims],
            "verdict": [claim.judgement.verdict for claim in claims],
            "paper": [claim.claim.paper for claim in claims],
            "report": [relative(claim.folder / "report.md", page) if claim.folder else "" for claim in claims],
            "link": [claim.claim.link for claim in claims],
        }
    )

    def to(name: str, row: Row) -> str:
        return str(row[name])

    columns = (
        Column("claim", "claim", link=lambda row: to("report", row), align="left"), word("says"), word("verdict"),
        Column("paper", "paper", link=lambda row: to("link", row), align="left"),
    )  # fmt: skip
    return Table("claims", "Published claims", columns, rows)
