"""Over all tasks: whether the order of the methods rests on one of them, and which methods differ over many."""

from __future__ import annotations

import pandas as pd

from seqbench.report.chapters.entries import as_it_is, linked, method_cell
from seqbench.report.charts.critical import critical
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Table, number, tabulate
from seqbench.stats.answers import names_in_words
from seqbench.stats.critical_difference import TASKS_FOR_DIAGRAM


def across(evidence: Evidence) -> Section:
    """Rank stability with each task left out, and the critical differences of ten tasks or more."""
    ranks = evidence.comparison.ranks
    lead = "One ranking over several tasks hides what differs between them; here is how much it hangs on each."
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
    """One row a method: its place by mean rank with all tasks, and with each of them left out."""
    ranks = evidence.comparison.ranks
    places = ranks.pivot(index="method", columns="left_out", values="place")
    means = ranks[ranks["left_out"] == ""].set_index("method")["mean_rank"].sort_values(kind="stable")
    tasks = [task for task in evidence.tasks if task in places.columns]
    heads = {"method": "method", "mean": "mean rank", "all": "place", "range": "best to worst",
             **{f"without {task}": f"without {task}" for task in tasks}}  # fmt: skip
    shown = pd.DataFrame([
        {
            "method": method_cell(evidence, name),
            "mean": linked(evidence, f"{means[name]:.2f}", method=name),
            "all": linked(evidence, number(places.loc[name, ""]), method=name),
            "range": linked(evidence, f"{places.loc[name].min():.0f} to {places.loc[name].max():.0f}", method=name),
            **{
                f"without {left_out}": linked(
                    evidence, number(places.loc[name, left_out]), method=name,
                    task=[task for task in tasks if task != left_out],
                )
                for left_out in tasks
            },
        }
        for name in means.index
    ])  # fmt: skip
    return tabulate(
        shown, name="ranks", title="Places with each task left out", heads=heads, raw=ranks,
        cells=dict.fromkeys(heads, as_it_is),
        note="Place by mean rank over the tasks that are left; methods not ranked on every task are not shown.",
    )  # fmt: skip
