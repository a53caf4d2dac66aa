"""The leaderboard for a code host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seqbench.leaderboard.pages import LEAD, NOTE, TITLE, Leaderboard, Made, Shown
from seqbench.leaderboard.sources import CLAIMS
from seqbench.report.links import relative
from seqbench.report.render import escape_markdown, markdown

JOIN = """\
## Your own results

Copy your results in here (`seqbench publish GRID --into FOLDER`: plan, tables and report, without trial files), or name
their folder: `seqbench leaderboard FOLDER`. Results on the same task join its table if all of these agree: criterion,
lengths, training lengths, training steps, batch, optimizer, learning-rate schedule, tuning budget, evaluation interval,
test sequences and version of seqbench. Others stand apart with the reason."""


def markdown_page(found: Leaderboard, page: Path, *, picture: str, offline: str) -> str:
    """The whole page. `picture` and `offline` are file names beside it."""
    lines = [f"# {TITLE}", "", escape_markdown(f"{LEAD} {NOTE}"), ""]
    lines += [
        f"The same, with filters: [{offline}]({offline}). `seqbench leaderboard` writes both from the rows here.",
        "",
    ]
    if found.overview and picture:
        lines += [f"![Horizon of each method with its interval, by task]({picture})", ""]
    lines += _remedies(found)
    if found.overview:
        lines += ["## Horizons", "", "In steps, by the task and the results that were searched.", ""]
        lines += [markdown(found.overview, linked=True), ""]
    lines += _claims(found, page)
    for board in found.boards:
        lines += _board(board)
    if found.unread:
        lines += ["## Not read", ""]
        lines += [f"- {escape_markdown(each.name)}: {escape_markdown(each.reason)}" for each in found.unread] + [""]
    return "\n".join([*lines, JOIN, ""])


def _remedies(found: Leaderboard) -> Iterator[str]:
    """What each remedy is worth."""
    if found.remedies:
        yield from ("## Remedies", "")
    for table in found.remedies:
        yield from (f"### {table.title}", "", escape_markdown(table.note), "", markdown(table, linked=True), "")


def _claims(found: Leaderboard, page: Path) -> Iterator[str]:
    """The verdicts on published claims that were run."""
    if not found.claims:
        return
    place = f"{CLAIMS}/README.md"
    yield from ("## Published claims", "", f"What each verdict rests on stands in [{place}]({place}).", "")
    yield from ("| claim | verdict | paper | |", "|---|---|---|---|")
    for claim in found.claims:
        report = f"[report]({relative(claim.folder / 'report.md', page)})" if claim.folder else ""
        paper = f"[{escape_markdown(claim.claim.paper)}]({claim.claim.link})"
        name = f"[{escape_markdown(claim.name)}]({place}#{claim.name}): {escape_markdown(claim.claim.says)}"
        yield f"| {name} | **{claim.judgement.verdict}** | {paper} | {report} |"
    yield ""


def _board(board: Shown) -> Iterator[str]:
    yield from (f"## {escape_markdown(board.task)}", "") if not board.apart else (
        f"### {escape_markdown(board.task)}, apart", "", f"Stands apart: {escape_markdown(board.apart)}.", ""
    )  # fmt: skip
    yield f"At this budget and protocol: {escape_markdown(board.protocol)}."
    yield f"Results: {' · '.join(map(_made, board.made))}."
    yield ""
    yield markdown(board.table.without_empty(), linked=True)
    yield ""
    if board.notes:
        yield escape_markdown(" ".join(board.notes))
        yield ""


def _made(one: Made) -> str:
    """A source, with its state and the command that makes it again."""
    state = "".join(f", {words}" for words in (one.unfinished, one.verdict and f"claim {one.verdict}") if words)
    return f"[{escape_markdown(one.name)}]({one.report}){state}, again: `{one.command}`"
