"""A board as a table: horizon, group, factor, proof of action and cost of every method, each leading to its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from seqbench.leaderboard.boards import Board
from seqbench.report.columns import factor, interval_text, remembers
from seqbench.report.table import MISSING, Column, Row, Table, word
from seqbench.stats.interval import SEEDS_FOR_INTERVAL

REPORT = "report.md"
"""The page of a source within its folder."""
Links = Callable[[str], str]
"""The address of a source's report by the source's name."""


def board_table(board: Board, links: Links) -> Table:
    """The methods of a board, the furthest memory first."""
    pairs = {row["method"]: row for row in board.pairs.to_dict("records") if row["against"] == board.baseline}
    rows = board.methods[board.methods["seeds"] > 0]

    def link(row: Row) -> str:
        return links(board.origins[row["method"]][0].source.name)

    level = f"{100 * (1 - board.declared.alpha):g} %"
    far = (
        Column("remembers", searched_horizon, unit=f"steps, {level}", link=link)
        if board.protocol.searched
        else Column(
            "solved up to", lambda row: solved_up_to(board, row["method"]), unit="of the lengths listed", link=link
        )
    )
    against = () if board.baseline is None or len(rows) < 2 else (
        Column(_against_head(board), lambda row: _against(pairs.get(row["method"])), unit=level),
        Column("verdict", lambda row: pairs.get(row["method"], {"verdict": "baseline"})["verdict"], align="left"),
    )  # fmt: skip
    columns = (
        word("method"), far,
        *((Column("group", lambda row: board.groups.letters.get(row["method"], MISSING), align="left"),)
          if board.groups.letters else ()),
        *against,
        Column("seeds", "seeds"), Column("diverged", _diverged),
        Column("remedies acted", lambda row: acted(board, row["method"]), align="left"),
        Column("a trial", "seconds", unit="s"), Column("parameters", "parameters"),
        *((Column("results", lambda row: board.origins[row["method"]][0].source.name, link=link, align="left"),)
          if len(board.entries) > 1 else ()),
    )  # fmt: skip
    sources = ", ".join(entry.source.name for entry in board.entries)
    return Table("board", f"{board.protocol.task}: {sources}", columns, rows)


def searched_horizon(row: Mapping[Any, Any]) -> str:
    """The mean horizon with its interval; of a method whose searches have not all ended it is not known yet."""
    return "under way" if row["open"] else remembers(row)


def _diverged(row: Row) -> str:
    return f"{int(row['diverged'])} of {int(row['finished'])}"


def _against_head(board: Board) -> str:
    """What the comparison with the baseline is called."""
    far = (board.pairs["outcome"] == "horizon").any()
    return f"times as far as {board.baseline}" if far else f"{board.pairs['unit'].iloc[0]}, less {board.baseline}"


def _against(pair: Mapping[Any, Any] | None) -> str:
    """A factor, or a difference of another outcome, with its interval; a dash for the baseline itself."""
    if pair is None:
        return MISSING
    if pair["outcome"] == "horizon":
        return factor(pair)
    return interval_text(pair["difference"], pair["low"], pair["high"])


def solved_up_to(board: Board, method: str) -> str:
    """What a list of lengths can say: how far more than half of the seeds got without failing a shorter length.

    `60 (8 of 10 seeds)`; `≥ 120` where that is the longest length, `< 10` where most seeds failed the shortest.
    """
    seeds = board.brackets[board.brackets["method"] == method]
    lengths = sorted(board.entries[0].rows["length"].unique())
    reached = [(int(length), int((seeds["least"] >= length).sum())) for length in lengths]
    most = [(length, count) for length, count in reached if 2 * count > len(seeds)]
    if not most:
        return f"< {lengths[0]:,} ({reached[0][1]} of {len(seeds)} seeds)"
    length, count = most[-1]
    sign = "≥ " if length == lengths[-1] else ""
    return f"{sign}{length:,} ({count} of {len(seeds)} seeds)"


def acted(board: Board, method: str) -> str:
    """Whether every remedy of a method acted: `yes`, those that did seldom, or a dash where nothing was measured."""
    entry, name = board.origins[method]
    seldom = entry.source.seldom_acting.get((entry.label, name.partition(" at learning rate ")[0]))
    return MISSING if seldom is None else "; ".join(seldom) or "yes"


def overview_table(boards: Sequence[Board], links: Links) -> Table | None:
    """Methods by searched tasks: the horizon of each, where a search looked for it; None without such a board.

    Methods of one name whose remedies differ have rows of their own, which name their source.
    """
    searched = [board for board in boards if board.protocol.searched]
    if not searched:
        return None
    own = [_overview_names(searched, board) for board in searched]
    found = [
        {names[str(row["method"])]: row for row in board.methods.to_dict("records") if row["seeds"]}
        for board, names in zip(searched, own, strict=True)
    ]
    frame = pd.DataFrame({"method": list(dict.fromkeys(name for rows in found for name in rows))})
    columns = [word("method")]
    for board, rows in zip(searched, found, strict=True):
        texts = {name: searched_horizon(row) for name, row in rows.items()}
        columns.append(overview_column(board, "method", texts, links))
    return Table("overview", "Horizons", tuple(columns), frame)


def _overview_names(boards: Sequence[Board], board: Board) -> dict[str, str]:
    """What each method of a board is called beside those of all boards."""
    meant: dict[str, set[tuple[str, ...]]] = {}
    for each in boards:
        for name in each.origins:
            meant.setdefault(name, set()).add(_remedies(each, name))
    source = board.entries[0].source.name
    return {name: name if len(meant[name]) == 1 else f"{name} ({source})" for name in board.origins}


def _remedies(board: Board, method: str) -> tuple[str, ...]:
    entry, name = board.origins[method]
    return tuple(remedy.name for remedy in entry.source.evidence.plan.remedies.get(name, ()))


def overview_column(board: Board, named: str, texts: Mapping[str, str], links: Links) -> Column:
    """The column of a board in a table over all of them: what it says of each row, by what stands in column `named`."""
    source = board.entries[0].source.name
    return Column(
        board.protocol.task, lambda row: texts.get(row[named], MISSING), unit=source, link=lambda _: links(source)
    )


def few_seeds(board: Board) -> str:
    """What too few seeds for an interval mean; empty where there are enough."""
    least = int(board.methods.loc[board.methods["seeds"] > 0, "seeds"].min())
    return f"Below {SEEDS_FOR_INTERVAL} seeds there is no interval." if least < SEEDS_FOR_INTERVAL else ""
