"""How far back each method remembers, as one number with its interval, and where the grid ends before the memory."""

from __future__ import annotations

from typing import Any

import pandas as pd

from seqbench.report.chapters.entries import as_it_is, in_groups, interval_text, linked, method_cell, ratio_cell
from seqbench.report.charts.horizon import horizon
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, tabulate
from seqbench.stats.answers import names_in_words

HEADS = {
    "method": "method", "n": "seeds", "median": "median (95 %)", "octaves": "octaves (95 %)",
    "at_least": "solved every length", "below": "not even the shortest", "non_monotone": "solved again after a failure",
    "incomplete": "left open by missing trials",
}  # fmt: skip
MOST_CENSORED = 0.5
"""Share of the seeds beyond an end of the grid from which that end must be moved."""


def horizons(evidence: Evidence) -> Section:
    """The memory horizon of every method on every task, and what the grid of lengths hides."""
    found = evidence.comparison.horizons
    tasks = [task for task in evidence.tasks if (found["task"] == task).any()]
    known = [task for task in tasks if found.loc[found["task"] == task, "octaves"].notna().any()]
    charts = tuple(horizon(evidence, group, name) for name, group in in_groups(known, "horizon"))
    lead = "The longest dependency that a method solves together with all shorter ones. One octave is a doubling."
    tables = tuple(horizons_table(evidence, task) for task in tasks)
    text = " ".join(filter(None, (*(_ends(found[found["task"] == task]) for task in tasks), _gaps(found))))
    return Section(
        "horizons", "Memory horizon", lead, (Part(text=text, charts=charts, tables=tables),) if tasks else ()
    )


ENDS = {
    "at_least": "solved every length: add lengths beyond {longest:g} before saying how far they remember.",
    "below": "did not solve length {shortest:g}: add shorter lengths before saying how little they remember.",
}
"""What is said of methods most of whose seeds lie beyond an end of the grid."""


def _ends(rows: pd.DataFrame) -> str:
    """Which methods of a task went beyond the grid, and what to do before a claim is made about them."""
    said, first = [], rows.iloc[0]
    for end, words in ENDS.items():
        beyond = list(rows.loc[rows[end] > MOST_CENSORED * rows["n"], "method"])
        if beyond:
            named = "every method" if len(beyond) == len(rows) > 1 else names_in_words(beyond)
            rest = words.format(longest=first["longest"], shortest=first["shortest"])
            said.append(f"On {first['task']} more than half of the seeds of {named} {rest}")
    return " ".join(said)


def _gaps(rows: pd.DataFrame) -> str:
    """How many seeds solved a length after failing a shorter one."""
    if not rows["range"].astype(float).any():
        return ""
    gaps, seeds = int(rows["non_monotone"].sum()), int(rows["n"].sum())
    if not gaps:
        return "No seed solved a length after failing a shorter one."
    where = rows[rows["non_monotone"] > 0]
    named = names_in_words(
        [f"{row.method} on {row.task} ({row.non_monotone} of {row.n})" for row in where.itertuples()]
    )
    return f"{gaps} of {seeds} seeds solved a length after failing a shorter one, where their horizon ends: {named}."


def horizons_table(evidence: Evidence, task: str) -> Table:
    """One row a method: its horizon, and how many seeds the grid of lengths cannot place."""
    rows = evidence.comparison.horizons
    rows = rows[rows["task"] == task].sort_values("octaves", ascending=False, kind="stable")
    shown = pd.DataFrame([_entries(evidence, row) for row in rows.to_dict(orient="records")])
    heads = {name: head for name, head in HEADS.items() if name != "incomplete" or rows["incomplete"].any()}
    return tabulate(
        shown, name=f"horizons-{evidence.tasks.index(task) + 1}", title=f"Horizons and censoring on {task}",
        heads=heads, cells=dict.fromkeys(heads, as_it_is), raw=rows, folded=True,
        note="Median: the longest length that half of the seeds reached, with its exact interval. Octaves: restricted "
        "mean (area under the Kaplan-Meier curve) between the shortest and the longest length.",
    )  # fmt: skip


def _entries(evidence: Evidence, row: dict[str, Any]) -> dict[str, Cell]:
    """One method's entries."""

    def own(text: str) -> Cell:
        return linked(evidence, text, task=row["task"], method=row["method"])

    median = str(row["text"]).replace(">=", "≥")
    if row["median_low"] == row["median_low"]:
        ends = (f"{end:g}" if end else f"< {row['shortest']:g}" for end in (row["median_low"], row["median_high"]))
        median += " ({} to {})".format(*ends)
    shares = ("at_least", "below", "non_monotone", "incomplete")
    return {
        "method": method_cell(evidence, row["method"]),
        "n": own(str(row["n"])),
        "median": own(median),
        "octaves": own(interval_text(row["octaves"], row["low"], row["high"])),
        **{name: own(ratio_cell(row[name], row["n"])) for name in shares},
    }
