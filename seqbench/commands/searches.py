"""How far each search has got, on the terminal: its bracket closing, method by method and seed by seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from seqbench.plan.horizon import SeedSearch
from seqbench.plan.search import bracket_text

MOST = 100
"""Searches that are listed; of more, only those that have not ended."""


def searches_in_words(searches: Sequence[SeedSearch]) -> str:
    """`12 of 18 searches have ended`; empty without a search."""
    return f"{sum(search.ended for search in searches)} of {len(searches)} searches have ended" if searches else ""


def bracket_in_words(search: SeedSearch) -> str:
    """`solved 160, failed 226`."""
    return bracket_text(search.bracket.solved, search.bracket.failed)


def search_table(searches: Sequence[SeedSearch]) -> Table:
    """One row a search: its bracket, how many lengths have finished, and whether it has ended."""
    shown = searches if len(searches) <= MOST else [search for search in searches if not search.ended]
    table = Table(box=None, padding=(0, 2), title=searches_in_words(searches), title_justify="left")
    for name in ("method", "task", "seed", "bracket", "lengths trained", ""):
        table.add_column(name, justify="right" if name in ("seed", "lengths trained") else "left")
    for search in shown:
        state = "ended" if search.ended else "closing"
        violated = ", contradicting results" if search.bracket.violations else ""
        tuning = " (tuning)" if search.purpose == "tuning" else ""
        table.add_row(
            Text(search.method), Text(search.task), f"{search.seed}{tuning}", bracket_in_words(search),
            str(len(search.finished)), state + violated,
        )  # fmt: skip
    return table


def search_facts(searches: Iterable[SeedSearch]) -> list[dict[str, object]]:
    """The searches for JSON; nothing solved is 0, nothing failed is missing."""
    return [
        {
            "method": search.method, "task": search.task, "seed": search.seed, "purpose": search.purpose,
            "solved": search.bracket.solved,
            "failed": None if search.bracket.failed == float("inf") else int(search.bracket.failed),
            "violations": search.bracket.violations, "lengths": list(search.finished), "ended": search.ended,
        }
        for search in searches
    ]  # fmt: skip
