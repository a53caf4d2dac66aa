"""The first section: accuracy against dependency length, task by task, and the table of methods."""

from __future__ import annotations

from seqbench.report.charts.accuracy import accuracy as accuracy_chart
from seqbench.report.charts.facets import FEW
from seqbench.report.charts.solve_rate import solve_rate
from seqbench.report.columns import attainable_p, interval, method_column, ratio
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import MISSING, Column, Table, number


def accuracy(evidence: Evidence) -> Section:
    """Accuracy and solve rate by dependency length, and one table of methods for every task."""
    lead = "Accuracy against the distance of the information that an answer depends on."
    parts = tuple(_task(evidence, task) for task in evidence.tasks)
    return Section("accuracy", "How far back each method remembers", lead, parts)


def _task(evidence: Evidence, task: str) -> Part:
    """The charts and tables of one task; nothing to draw before a reporting trial has finished."""
    tables = [methods_table(evidence, task), areas_table(evidence, task)]
    begun = (evidence.reporting["task"] == task).any()
    return Part(
        title=task,
        text="" if begun else "No reporting trial of this task has finished yet.",
        charts=(accuracy_chart(evidence, task), solve_rate(evidence, task)) if begun else (),
        tables=tuple(table for table in tables if table is not None),
    )


def methods_table(evidence: Evidence, task: str) -> Table:
    """One row per method, the furthest memory first; each number leads to the trials behind it."""
    rows = evidence.comparison.methods
    rows = rows[rows["task"] == task]
    own, diverged = behind(evidence), behind(evidence, outcome="diverged")
    at_longest = behind(evidence, "length")
    columns = (
        method_column(evidence),
        Column("rank", "rank", link=own),
        Column("remembers", lambda row: _signs(row["horizon"]), unit="steps", link=own),
        Column("octaves", interval("octaves", "octaves_low", "octaves_high"), unit="95 %", link=own),
        Column("solved longest", ratio("solved_longest", "seeds_longest"), link=at_longest),
        Column("worst seed", "accuracy_worst", link=at_longest),
        Column("diverged", ratio("diverged", "finished"), link=diverged),
        Column("finished", ratio("finished", "planned"), link=own),
        Column("rate", lambda row: str(row["learning_rate"]), link=own),
        Column("parameters", "parameters", link=own),
        Column("s/trial", lambda row: number(row["seconds"], 2), link=own),
    )
    return Table(
        f"methods-{evidence.tasks.index(task) + 1}", f"Methods on {task}", columns, rows.assign(length=rows["longest"]),
        note="Remembers: the longest dependency that half of the seeds solve together with all shorter ones. "
        "Octaves: doublings of that length above the shortest one tried, mean over seeds. No interval is given below 5 "
        "seeds. Worst seed: its accuracy at the longest length, 0 if it diverged.",
        folded=len(rows) > 2 * FEW, values=rows,
    )  # fmt: skip


def areas_table(evidence: Evidence, task: str) -> Table | None:
    """The area under each method's solve-rate curve and its difference from the baseline; none for a single length."""
    rows = evidence.comparison.areas
    rows = rows[(rows["task"] == task) & (rows["range"].astype(float) > 0)]
    if rows.empty:
        return None
    rows = rows.sort_values("area", ascending=False, kind="stable")
    own, paired = behind(evidence), behind(evidence, pair=True)
    columns = (
        method_column(evidence),
        Column("seeds", "n", link=own),
        Column("area", interval("area"), unit="octaves, 95 %", link=own),
        Column("of all", lambda row: f"{100 * row['share']:.0f} %", link=own),
        Column("against", lambda row: row["against"] if row["p"] == row["p"] else "", align="left"),
        Column("difference", interval("difference", "difference_low", "difference_high"), unit="95 %", link=paired),
        Column("p", attainable_p(evidence, "p", "pairs", "tests"), link=paired),
        Column("p", attainable_p(evidence, "p_holm", "pairs", "tests"), unit="Holm", link=paired),
    )
    return Table(
        f"areas-{evidence.tasks.index(task) + 1}", f"Area under the solve-rate curve of {task}", columns,
        rows.assign(tests=int(rows["p"].notna().sum())),
        note="One number a curve: the share of seeds that solved it, summed over log2 of the dependency length. Whole "
        "curves of seeds are resampled, pairs kept; p: exact sign-flip test over seeds, corrected among the methods. "
        "A gap in what a seed solves costs area, but does not end it as it ends the horizon.",
        folded=True, values=rows,
    )  # fmt: skip


def _signs(text: object) -> str:
    return text.replace(">=", "≥") if isinstance(text, str) else MISSING
