"""The page of published claims: a table of verdicts, and of each claim what was published and what was observed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqbench.grid.claim import Claim, ClaimCriterion
from seqbench.report.links import relative
from seqbench.report.render import escape_markdown
from seqbench.stats.claim_figures import COUNTED, DIFFERENCES
from seqbench.stats.horizon_means import steps_in_words
from seqbench.stats.verdict import Figure, Finding, Judgement

INTRODUCTION = """\
# Replications

Published claims, run again here: each is a grid that says what a paper claims, its numbers with their sources, how the
protocol here differs, and criteria that were declared before the run. *Reproduced*: all criteria hold; *partly
reproduced*: some do, and the table names the methods of which all do: where the one that the claim praises is not among
them, it did not do here all that was claimed. *Not reproduced*: no criterion holds. The verdict is about the protocol
here, not about a paper. It follows from the figures as declared; the intervals beside them say how sure it is.
`seqbench replicate NAME` runs a claim, `seqbench replicate` judges the rows that are there and writes this page.
"""

ORIGINS = {
    "paper": "read in the paper",
    "code": "read in the authors' code",
    "log": "from a published log",
    "quoted": "quoted by another paper",
    "measured": "measured beforehand",
    "theory": "derived",
}
"""What the origin of a published number says, in words."""

FIGURES = {
    "solved": "seeds that solved it",
    "diverged": "seeds that diverged",
    "accuracy": "median accuracy",
    "loss": "median test loss",
    "lowest_loss": "median of the lowest validation loss",
    "highest_loss": "median of the highest validation loss",
    "gradient_slope": "slope of the log gradient per step back before training",
    "steps": "median steps to solve it",
    "horizon": "horizon",
}


class Replication(NamedTuple):
    """A claim with its verdict.

    folder: of its results; None where it was not run
    """

    name: str
    grid: Path
    claim: Claim
    judgement: Judgement
    folder: Path | None = None


def replications_page(claims: Sequence[Replication], page: Path, elsewhere: str = "") -> str:
    """The whole page, to be written to `page`: links are relative to it.

    Claims that cannot be tested here stand together at its end, with `elsewhere`: Markdown about claims that no grid
    can state.
    """
    tested = [found for found in claims if not found.claim.not_testable]
    refused = [found for found in claims if found.claim.not_testable]
    lines = [INTRODUCTION, "| claim | paper | verdict | criteria that hold | |", "|---|---|---|---|---|"]
    lines += [_row(found, page) for found in (*tested, *refused)]
    for found in tested:
        lines += ["", f"## {found.name}", "", *_section(found)]
    if refused or elsewhere:
        lines += ["", "## Not testable here"]
    for found in refused:
        lines += ["", f"### {found.name}", "", *_section(found)]
    return "\n".join([*lines, *(["", elsewhere.strip()] if elsewhere else [])]) + "\n"


def in_words(found: Replication) -> str:
    """A claim, its numbers, what was observed and the verdict, for a terminal."""
    claim = found.claim
    lines = [f"{found.name}: {claim.says} ({claim.paper})", *(f"  published  {text}" for text in _published(claim))]
    lines += [f"  observed   {_expected(own.criterion)}: {_observed(own)}" for own in found.judgement.findings]
    lines += [f"  verdict    {found.judgement.verdict}{_why(claim)}"]
    return "\n".join(lines)


def _why(claim: Claim) -> str:
    return f": {claim.not_testable}" if claim.not_testable else ""


def _row(found: Replication, page: Path) -> str:
    report = f", [report]({relative(found.folder / 'report.md', page)})" if found.folder else ""
    cells = (
        f"[{escape_markdown(found.name)}](#{found.name}): {escape_markdown(found.claim.says)}",
        f"[{escape_markdown(found.claim.paper)}]({found.claim.link})", f"**{found.judgement.verdict}**",
        escape_markdown(_held(found.judgement)),
        f"[grid]({relative(found.grid, page)}){report}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _held(judgement: Judgement) -> str:
    """How many criteria hold, and where others do not, the methods of which all do: `1 of 2: tanh`."""
    findings = judgement.findings
    if not findings:
        return ""
    count = f"{sum(own.holds is True for own in findings)} of {len(findings)}"
    failed = {own.criterion.method for own in findings if not own.holds}
    methods = dict.fromkeys(own.criterion.method for own in findings if own.criterion.method not in failed)
    return f"{count}: {', '.join(methods)}" if failed and methods else count


def _section(found: Replication) -> Iterator[str]:
    claim = found.claim
    verdict = f"{found.judgement.verdict.capitalize()}{escape_markdown(_why(claim)).rstrip('.')}"
    yield f"**{verdict}.** {escape_markdown(claim.says)}"
    yield ""
    yield f"Published: {'; '.join(map(escape_markdown, _published(claim)))}."
    yield f"The protocol here: {escape_markdown(claim.differs)}"
    if claim.criteria:
        yield ""
        yield f"| criterion, declared {claim.declared} | observed | |"
        yield "|---|---|---|"
        findings = found.judgement.findings or [Finding(own, _NOTHING, None) for own in claim.criteria]
        for own in findings:
            yield f"| {escape_markdown(_expected(own.criterion))} | {escape_markdown(_observed(own))} | {_state(own)} |"
    if claim.tried:
        yield ""
        yield f"Looked at and tried since: {escape_markdown(claim.tried)}"


def _state(own: Finding) -> str:
    """Whether a criterion holds, and whether a comparison could as well have come out the other way round."""
    criterion, observed = own.criterion, own.observed
    alike = 0.0 if criterion.figure in DIFFERENCES else 1.0
    if own.holds and criterion.than and observed.low <= alike <= observed.high:
        return "holds; that the two differ is not shown"
    return {True: "holds", False: "does not hold", None: ""}[own.holds]


_NOTHING = Figure(np.nan, np.nan, np.nan, np.nan, 0, 0)


def _published(claim: Claim) -> list[str]:
    return [f"{own.what}: {own.value} ({ORIGINS[own.origin]}: {own.source})" for own in claim.published]


def _expected(criterion: ClaimCriterion) -> str:
    """A criterion in words: `IRNN, 100 steps: median test loss at most 0.01`."""
    place = [criterion.task or "", f"{criterion.length:,} steps" if criterion.length else ""]
    against = ""
    if criterion.than:
        more = criterion.figure in DIFFERENCES
        against = f" less that of {criterion.than}" if more else f" as a multiple of that of {criterion.than}"
    bounds = [
        f"{words} {bound:g}"
        for words, bound in (("at least", criterion.at_least), ("at most", criterion.at_most))
        if bound is not None
    ]
    about = ", ".join(filter(None, [criterion.method, *place]))
    return f"{about}: {FIGURES[criterion.figure]}{against} {' and '.join(bounds)}"


def _observed(own: Finding) -> str:
    """What was observed: `0.0031 (95 %: 0.0012 to 0.0075, n = 10)`."""
    figure, criterion = own.observed, own.criterion
    if not figure.n:
        return "not run yet"
    value, low, high = (_number(number, criterion) for number in figure[:3])
    if criterion.figure in COUNTED and not criterion.than:
        value = f"{value} of {figure.n}"
    interval = "" if np.isnan(figure.low) else f"{100 * figure.level:.3g} %: {low} to {high}, "
    missing = "" if figure.n == figure.planned else f" of {figure.planned}"
    return f"{value} ({interval}n = {figure.n}{missing})"


def _number(value: float, criterion: ClaimCriterion) -> str:
    """A figure to the digits that it deserves."""
    if np.isinf(value):
        return "never" if criterion.figure == "steps" and not criterion.than else "infinite"
    if criterion.figure == "horizon" and not criterion.than:
        return steps_in_words(value)
    if criterion.figure in COUNTED or (criterion.figure == "steps" and not criterion.than):
        return f"{value:,.2g}" if value != round(value) else f"{value:,.0f}"
    return f"{value:.4g}" if criterion.figure == "gradient_slope" else f"{value:.3g}"
