"""What both pages of the leaderboard say: its parts in words, with tables, before any layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from seqbench.leaderboard.boards import Board
from seqbench.leaderboard.families import FAMILIES, families_of
from seqbench.leaderboard.remedies import remedy_tables
from seqbench.leaderboard.sources import CLAIMS, Source, Unread
from seqbench.leaderboard.tables import REPORT, Links, board_table, few_seeds, overview_table
from seqbench.report.links import relative
from seqbench.report.replications import Replication
from seqbench.report.slug import slug
from seqbench.report.table import Table

TITLE = "Leaderboard"
LEAD = (
    "How far back each method lets a recurrent network use information, from all results in this folder. A horizon is "
    "the longest dependency that a seed solves within the budget that stands above its table; the figure is the mean "
    "over seeds (geometric) with its interval. ≥: some seeds solved the longest length that was tried; ≤: some "
    "failed the shortest. A grid with a list of lengths can say only up to which of them it was solved."
)
NOTE = (
    "Seconds are the median of a trial on one core of the machine that trained it; remedies acted: whether each remedy "
    "of the method was measured to have changed anything, in half of its trials or more."
)


class Made(NamedTuple):
    """A source of a table: its name, the address of its report, and the command that makes its results again.

    verdict: on the published claim that it repeats; empty without one
    unfinished: how many of its trials have finished, where some have not
    """

    name: str
    report: str
    command: str
    verdict: str
    unfinished: str


class Shown(NamedTuple):
    """A board as both pages show it.

    address: on the page
    protocol: what joins results in this table, in words
    apart: why it is not one with the first table of its task; empty for that one
    notes: how to read it
    families: of each row of the table
    """

    address: str
    task: str
    table: Table
    protocol: str
    apart: str
    notes: tuple[str, ...]
    made: tuple[Made, ...]
    families: tuple[tuple[str, ...], ...]
    budget: str


class Leaderboard(NamedTuple):
    """All of it.

    overview: horizons of methods by tasks that were searched
    remedies: what each remedy is worth, by those of them of which remedies were combined
    boards: task by task
    claims: the verdicts on published claims, with the addresses of their sections and reports
    unread: folders that could not be read
    """

    overview: Table | None
    remedies: tuple[Table, ...]
    boards: tuple[Shown, ...]
    claims: tuple[Replication, ...]
    unread: tuple[Unread, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks in the order of their tables."""
        return tuple(dict.fromkeys(board.task for board in self.boards))

    @property
    def families(self) -> tuple[str, ...]:
        """The families that any method belongs to."""
        present = {family for board in self.boards for row in board.families for family in row}
        return tuple(family for family in FAMILIES if family in present)

    @property
    def budgets(self) -> tuple[str, ...]:
        """The budgets, the smallest first."""
        return tuple(
            sorted({board.budget for board in self.boards}, key=lambda text: int(text.split()[0].replace(",", "")))
        )


def leaderboard(
    boards: Sequence[Board], claims: Sequence[Replication], unread: Sequence[Unread], page: Path
) -> Leaderboard:
    """The leaderboard as it is written to the folder of `page`: links are relative to it."""
    sources = {entry.source.name: entry.source for board in boards for entry in board.entries}

    def report(name: str) -> str:
        return relative(sources[name].folder / REPORT, page)

    verdicts = {f"{CLAIMS}/{claim.name}": claim.judgement.verdict for claim in claims}
    shown: list[Shown] = []
    for board in boards:
        shown.append(_shown(board, report, verdicts, [each.address for each in shown]))
    return Leaderboard(
        overview_table(boards, report), remedy_tables(boards, report), tuple(shown), tuple(claims), tuple(unread)
    )


def _shown(board: Board, report: Links, verdicts: Mapping[str, str], taken: Sequence[str]) -> Shown:
    table, protocol = board_table(board, report), board.protocol
    return Shown(
        slug(protocol.task, taken, longest=60), protocol.task, table, protocol.text, board.apart,
        tuple(filter(None, (board.groups.note, few_seeds(board)))),
        tuple(_made(entry.source, report, verdicts) for entry in board.entries),
        tuple(_families(board, str(method)) for method in table.rows["method"]), protocol.budget_text,
    )  # fmt: skip


def _made(source: Source, report: Links, verdicts: Mapping[str, str]) -> Made:
    missing, planned = len(source.evidence.missing), len(source.evidence.results)
    unfinished = f"{planned - missing:,} of {planned:,} trials so far" if missing else ""
    return Made(source.name, report(source.name), source.command, verdicts.get(source.name, ""), unfinished)


def _families(board: Board, method: str) -> tuple[str, ...]:
    entry, name = board.origins[method]
    return families_of(entry.source.evidence).get(name, ("plain",))
