"""The memory horizon of each method with its interval, and where the grid of lengths is too short to measure it."""

from __future__ import annotations

import pandas as pd

from seqbench.report.charts.facets import in_groups
from seqbench.report.charts.horizon import horizon
from seqbench.report.columns import interval, method_column, ratio
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Row, Table
from seqbench.stats.answers import names_in_words

MOST_CENSORED = 0.5
"""Share of the seeds beyond an end of the grid from which that end must be moved."""


def horizons(evidence: Evidence) -> Section:
    """The memory horizon of every method on every task, and what the grid of lengths cannot show."""
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
    "at_least": "solved every length: add lengths beyond {longest:g} to measure how far they remember.",
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
    """One row per method: its horizon, and how many seeds the grid of lengths cannot place."""
    rows = evidence.comparison.horizons
    rows = rows[rows["task"] == task].sort_values("octaves", ascending=False, kind="stable")
    own = behind(evidence)
    shares = {
        "solved every length": "at_least", "shortest not solved": "below",
        "solved again after a failure": "non_monotone",
        **({"undetermined (missing trials)": "incomplete"} if rows["incomplete"].any() else {}),
    }  # fmt: skip
    columns = (
        method_column(evidence),
        Column("seeds", "n", link=own),
        Column("median", _median, unit="95 %", link=own),
        Column("octaves", interval("octaves"), unit="95 %", link=own),
        *(Column(head, ratio(name, "n"), link=own) for head, name in shares.items()),
    )
    return Table(
        f"horizons-{evidence.tasks.index(task) + 1}", f"Horizons and censoring on {task}", columns, rows, folded=True,
        note="Median: the longest length that half of the seeds reached, with its exact interval. Octaves: restricted "
        "mean (area under the Kaplan-Meier curve) between the shortest and the longest length.",
    )  # fmt: skip


def _median(row: Row) -> str:
    """The median horizon with its interval, open where the grid of lengths ends."""
    median = str(row["text"]).replace(">=", "≥")
    if row["median_low"] != row["median_low"]:
        return median
    ends = (f"{end:g}" if end else f"< {row['shortest']:g}" for end in (row["median_low"], row["median_high"]))
    return median + " ({} to {})".format(*ends)
