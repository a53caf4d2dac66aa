"""Over all tasks: whether the ranking depends on a single task, and which methods differ over many tasks."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from seqbench.report.charts.critical import critical
from seqbench.report.columns import method_column
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table
from seqbench.stats.answers import names_in_words
from seqbench.stats.critical_difference import TASKS_FOR_DIAGRAM


def across(evidence: Evidence) -> Section:
    """Rank stability with each task left out, and the critical differences of ten tasks or more."""
    ranks = evidence.comparison.ranks
    lead = "A ranking over several tasks hides how they differ; the table shows how much it depends on each task."
    if ranks.empty:
        return Section("across", "Over all tasks", lead, ())
    charts = (critical(evidence),) if len(evidence.comparison.critical_ranks) else ()
    part = Part(text=f"{_stability(ranks)}{'' if charts else _too_few(evidence)}", charts=charts,
                tables=(ranks_table(evidence),))  # fmt: skip
    return Section("across", "Over all tasks", lead, (part,))


def _too_few(evidence: Evidence) -> str:
    """Why there is no diagram of critical differences."""
    return (
        f" Which methods differ over tasks is tested from {TASKS_FOR_DIAGRAM} independent tasks on; this grid has "
        f"{len({task.split(' (')[0] for task in evidence.tasks})}."
    )


def _stability(ranks: pd.DataFrame) -> str:
    """Who is first with all tasks, and whether leaving one out changes that."""
    first = {
        left_out: sorted(own.loc[own["place"] == own["place"].min(), "method"])
        for left_out, own in ranks.groupby("left_out", sort=False)
    }
    leaders = first.pop("")
    moved = [f"without {task} {names_in_words(names)}" for task, names in first.items() if names != leaders]
    head = f"By mean rank over all tasks {names_in_words(leaders)} {'is' if len(leaders) == 1 else 'are'} first"
    return f"{head}; {'; '.join(moved)}." if moved else f"{head}, whichever task is left out."


def ranks_table(evidence: Evidence) -> Table:
    """One row per method: its place by mean rank with all tasks, and with each of them left out."""
    ranks = evidence.comparison.ranks
    places = ranks.pivot(index="method", columns="left_out", values="place")
    tasks, own = [task for task in evidence.tasks if task in places.columns], behind(evidence)
    places = places.rename(columns=lambda task: f"without {task}")
    means = ranks[ranks["left_out"] == ""].set_index("method")["mean_rank"].sort_values(kind="stable")
    columns = (
        method_column(evidence),
        Column("mean rank", lambda row: f"{row['mean_rank']:.2f}", link=own),
        Column("place", "without ", link=own),
        Column("best to worst", lambda row: _ends(row[name] for name in places), link=own),
        *(
            Column(
                f"without {left}",
                f"without {left}",
                link=behind(evidence, task=[name for name in tasks if name != left]),
            )
            for left in tasks
        ),
    )
    rows = means.to_frame().join(places).reset_index()
    return Table(
        "ranks", "Places with each task left out", columns, rows,
        note="Place by mean rank over the tasks that are left; methods not ranked on every task are not shown.",
        values=ranks,
    )  # fmt: skip


def _ends(places: Iterable[float]) -> str:
    """The best and the worst of these places."""
    found = [place for place in places if place == place]
    return f"{min(found):.0f} to {max(found):.0f}"
