"""The memory horizon of each method with its interval, and where the grid of lengths is too short to measure it."""

from __future__ import annotations

import pandas as pd

from seqbench.report.charts.horizon import horizon
from seqbench.report.charts.horizon_steps import horizon_steps
from seqbench.report.columns import level, method_column, octaves, ratio, remembers
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table
from seqbench.stats.answers import names_in_words

MOST_CENSORED = 0.5
"""Share of the seeds beyond an end of the grid from which that end must be moved."""


def horizons(evidence: Evidence) -> Section:
    """The memory horizon of every method on every task, and what the lengths cannot show; none for a single length."""
    found = evidence.comparison.horizons
    tasks = evidence.with_horizons
    found = found[found["task"].isin(tasks)]
    # A search has its brackets in the first section.
    listed = [task for task in tasks if task not in evidence.declared.searched]
    lead = (
        "A seed's horizon lies between a dependency that it solved and a longer one that it failed. "
        "One octave is a doubling."
    )
    text = " ".join(filter(None, (*(_ends(found[found["task"] == task]) for task in tasks), _contradictions(found))))
    part = Part(
        text=text,
        charts=(
            *(horizon(evidence, task) for task in listed),
            *(horizon_steps(evidence, task) for task in tasks if horizon_rises(evidence, task)),
        ),
        tables=tuple(horizons_table(evidence, task) for task in tasks),
    )
    return Section("horizons", "Memory horizon", lead, (part,) if tasks else ())


def horizon_rises(evidence: Evidence, task: str) -> bool:
    """Whether anything was solved within the budget on validation data: else there is nothing to draw."""
    rows = evidence.comparison.budget_sensitivity
    return bool((rows.loc[rows["task"] == task, "octaves"] > 0).any())


ENDS = {
    "at_least": "solved the longest length: add lengths beyond {longest:g} to measure how far they remember.",
    "below": "did not solve length {shortest:g}: add shorter lengths to measure how far they remember.",
}
"""The text for methods most of whose seeds are beyond an end of the grid."""


def _ends(rows: pd.DataFrame) -> str:
    """Which methods of a task are beyond the grid of lengths, and which lengths to add."""
    sentences, first = [], rows.iloc[0]
    for end, words in ENDS.items():
        beyond = list(rows.loc[rows[end] > MOST_CENSORED * rows["n"], "method"])
        if beyond:
            named = "every method" if len(beyond) == len(rows) > 1 else names_in_words(beyond)
            rest = words.format(longest=first["longest"], shortest=first["shortest"])
            sentences.append(f"On {first['task']} more than half of the seeds of {named} {rest}")
    return " ".join(sentences)


def _contradictions(rows: pd.DataFrame) -> str:
    """How many seeds solved a length after failing a shorter one."""
    seeds, where = int(rows["n"].sum()), rows[rows["violations"] > 0]
    if where.empty:
        return "No seed solved a length after failing a shorter one."
    named = names_in_words([f"{row.method} on {row.task} ({row.violations} of {row.n})" for row in where.itertuples()])
    return (
        f"{int(where['violations'].sum())} of {seeds} seeds solved a length after failing a shorter one: {named}. "
        "Their horizon is taken to be the one that contradicts the fewest results, of several the furthest, and may "
        "lie anywhere between those that contradict each other: the intervals are as wide."
    )


def horizons_table(evidence: Evidence, task: str) -> Table:
    """One row per method: its horizon, and how many seeds the lengths cannot place."""
    rows = evidence.comparison.horizons
    rows = rows[rows["task"] == task].sort_values("octaves", ascending=False, kind="stable")
    own = behind(evidence)
    shares = {
        "solved the longest length": "at_least", "shortest not solved": "below",
        "contradicting results": "violations",
        **({"still open": "open"} if rows["open"].any() else {}),
    }  # fmt: skip
    columns = (
        method_column(evidence),
        Column("seeds", "n", link=own),
        Column("remembers", remembers, unit=f"steps, {level(evidence)}", link=own),
        Column("octaves", octaves, unit=level(evidence), link=own),
        *(Column(head, ratio(name, "n"), link=own) for head, name in shares.items()),
        Column("trials", "trials", link=own),
    )
    return Table(
        f"horizons-{evidence.tasks.index(task) + 1}", f"Horizons and censoring on {task}", columns, rows, folded=True,
        note="Mean of Turnbull's estimate from the brackets of the seeds, restricted to the range of lengths. Open: "
        "trials that would close the bracket have not finished.",
    )  # fmt: skip
