"""Whether trials that were solved stayed so.

A trial that stops once it is solved can hide a later collapse: networks that hold their answer by states near the edge
of stability can meet gradients many orders of magnitude above those of the steps before. Trials that are trained on
(`stop_when_solved`) show it.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class Collapses(NamedTuple):
    """Trials that were solved on the way, counted by what is known of them since.

    stopped: trained no further
    watched: trained on
    at_end: of those, not solved on test data at the end, or diverged
    on_the_way: of those, solved at the end, but not at every evaluation since
    """

    stopped: int
    watched: int
    at_end: int
    on_the_way: int


def collapses(rows: pd.DataFrame) -> Collapses:
    """Count them among finished trials, one row each."""
    solved = rows[rows["solved_at"].notna()]
    watched = solved["held"].notna() | (solved["outcome"] == "diverged")
    lost = watched & (solved["outcome"] != "solved")
    dipped = watched & ~lost & (solved["held"] < 1).fillna(False)
    return Collapses(*(int(count.sum()) for count in (~watched, watched, lost, dipped)))
