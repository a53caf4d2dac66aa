"""What each remedy is worth on every searched task whose remedies were combined: alone, last, and as a share of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from seqbench.leaderboard.boards import Board
from seqbench.leaderboard.tables import Links, overview_column
from seqbench.report.columns import BEYOND, factor, interval
from seqbench.report.table import Table, word

Texts = Mapping[str, str]
"""What a board says of remedies, by what names the row."""

ALONE = (
    "How many times as far a network remembers with one remedy alone as without any: the mean ratio over seeds "
    f"(geometric) with its interval. {BEYOND}."
)
LAST = (
    "What a remedy adds in octaves where all the others are there already. 1 octave is twice as far; horizons beyond "
    "the range of lengths count as its end, so that remedies that reach it each seem to add nothing."
)
SHARES = "Shapley values in octaves: what a remedy adds on average over every order in which all are added."


def remedy_tables(boards: Sequence[Board], links: Links) -> tuple[Table, ...]:
    """Remedies by searched tasks, three tables; none without a task of which every combination has a horizon."""
    crossed = [board for board in boards if board.protocol.searched and _whole(board)]
    if not crossed:
        return ()
    named = [
        ("alone", "Each remedy alone", ALONE, _alone),
        ("last", "Each remedy added last", LAST, lambda board: _shares(board, "remove_one")),
        ("shares", "Each remedy's share of all together", SHARES, lambda board: _shares(board, "shapley")),
    ]
    return tuple(
        _table(name, title, note, crossed, [find(board) for board in crossed], links)
        for name, title, note, find in named
    )


def _whole(board: Board) -> bool:
    """Whether remedies were combined, and all searches have ended."""
    return len(board.shares) > 0 and not board.methods["open"].any()


def _alone(board: Board) -> Texts:
    """The factor of each method that has one remedy and nothing else; none where these are not compared with none."""
    against = board.pairs[board.pairs["against"] == board.baseline].set_index("method").to_dict("index")
    return {remedy: factor(against[method]) for remedy, method in board.alone.items() if method in against}


def _shares(board: Board, name: str) -> Texts:
    """A statistic of each remedy within each set of all remedies."""
    read = interval(name, f"{name}_low", f"{name}_high")
    levels = board.shares.groupby("factor")["level"].nunique()
    choices = levels.index[levels > 1]
    texts = {}
    for _, together in board.shares.groupby("full", sort=False):
        level = dict(zip(together["factor"], together["level"], strict=True))
        for row in together.to_dict("records"):
            # Of the others only those are named between which there is a choice, as between GRU and LSTM.
            chosen = [level[other] for other in choices if other != row["factor"]]
            texts[f"{row['factor']}: {row['level']}" + (f", with {', '.join(chosen)}" if chosen else "")] = read(row)
    return texts


def _table(name: str, title: str, note: str, boards: Sequence[Board], found: Sequence[Texts], links: Links) -> Table:
    rows = pd.DataFrame({"remedy": list(dict.fromkeys(remedy for texts in found for remedy in texts))})
    columns = (overview_column(board, "remedy", texts, links) for board, texts in zip(boards, found, strict=True))
    return Table(name, title, (word("remedy"), *columns), rows, note=note)
