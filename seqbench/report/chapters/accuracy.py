"""The first section: accuracy against dependency length, task by task, and the table of methods."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from seqbench.plan.search import widest_step
from seqbench.report.charts.accuracy import accuracy as accuracy_chart
from seqbench.report.charts.facets import FEW
from seqbench.report.charts.horizon import horizon
from seqbench.report.charts.psychometric import psychometric
from seqbench.report.charts.solve_rate import solve_rate
from seqbench.report.columns import BEYOND, attainable_p, interval, level, method_column, octaves, ratio, remembers
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import MISSING, Column, Table, number
from seqbench.schema import ACCURACY_BY
from seqbench.stats.groups import accuracy_by_group


def accuracy(evidence: Evidence) -> Section:
    """Accuracy and solve rate by dependency length, or the searched horizons, and one table of methods a task."""
    lead = "Accuracy against the distance of the information that an answer depends on."
    if all(task in evidence.declared.searched for task in evidence.tasks):
        lead = "The longest distance of the information that an answer depends on, searched for every method and seed."
    parts = tuple(_task(evidence, task) for task in evidence.tasks)
    return Section("accuracy", "How far back each method remembers", lead, parts)


def _task(evidence: Evidence, task: str) -> Part:
    """The charts and tables of one task; nothing to draw before a reporting trial has finished."""
    tables = [methods_table(evidence, task), areas_table(evidence, task), *groups_tables(evidence, task)]
    begun = (evidence.reporting["task"] == task).any()
    searched = task in evidence.declared.searched
    draw = (horizon, psychometric) if searched else (accuracy_chart, solve_rate)
    text = search_in_words(evidence, task) if searched else ""
    return Part(
        title=task,
        text=text if begun else "No reporting trial of this task has finished yet.",
        charts=tuple(chart(evidence, task) for chart in draw) if begun else (),
        tables=tuple(table for table in tables if table is not None),
    )


def search_in_words(evidence: Evidence, task: str) -> str:
    """What was searched, at which budget, whether solving was monotone, and why nothing is averaged by length."""
    rows, lengths = evidence.comparison.horizons, evidence.sought(task)
    rows = rows[rows["task"] == task]
    budget = evidence.comparison.answers.set_index("task")["budget"].get(task, "")
    under_way, violated = int(rows["open"].sum()), int(rows["violations"].sum())
    seeds = int(rows["n"].sum())
    sentences = (
        f"Searched from {lengths[0]:,} to {lengths[-1]:,} steps, neighbouring lengths at most "
        f"{widest_step(lengths):.3g} times apart; every horizon is one {budget}.",
        f"{under_way} of {seeds} searches are still under way." if under_way else "",
        f"{violated} of {seeds} searches met results that contradict every single horizon; "
        "the mean takes the horizon that contradicts the fewest (of several the furthest), the interval spans them all."
        if violated else f"None of {seeds} searches met results that contradict a single horizon.",
        "A search trains each seed near its own horizon, so that long lengths are met only by seeds that solved "
        "shorter ones: accuracies and shares of seeds by length are left out, and steps to solve and divergence "
        "against the baseline are taken only at lengths at which every seed of a method was trained.",
    )  # fmt: skip
    return " ".join(filter(None, sentences))


def methods_table(evidence: Evidence, task: str) -> Table:
    """One row per method, the furthest memory first; each number leads to the trials behind it."""
    rows = evidence.comparison.methods
    rows = rows[rows["task"] == task]
    own, diverged = behind(evidence), behind(evidence, outcome="diverged")
    at_longest = behind(evidence, "length")
    ended = rows.assign(length=rows["longest"], ended=rows["seeds"] - rows["open"])
    # In a search a seed that failed well before the longest length was not trained there, and has not solved it.
    longest = ("at_least", "seeds") if task in evidence.declared.searched else ("solved_longest", "seeds_longest")
    columns = (
        method_column(evidence),
        Column("rank", "rank", link=own),
        Column("remembers", remembers, unit=f"steps, {level(evidence)}", link=own),
        Column("octaves", octaves, unit=level(evidence), link=own),
        *([Column("known horizons", ratio("ended", "seeds"), link=own)] if rows["open"].any() else []),
        Column("solved longest", ratio(*longest), link=at_longest),
        Column("worst seed", "accuracy_worst", link=at_longest),
        Column("test loss", "loss_longest", link=at_longest),
        Column("diverged", ratio("diverged", "finished"), link=diverged),
        Column("finished", ratio("finished", "planned"), link=own),
        Column("rate", lambda row: str(row["learning_rate"]), link=own),
        Column("parameters", "parameters", link=own),
        Column("s/trial", lambda row: number(row["seconds"], 2), link=own),
    )
    return Table(
        f"methods-{evidence.tasks.index(task) + 1}", f"Methods on {task}", columns, ended,
        note=_methods_note(rows), folded=len(rows) > 2 * FEW, values=rows,
    ).without_empty()  # fmt: skip


def _methods_note(rows: pd.DataFrame) -> str:
    """What the columns that are there mean."""
    judged = rows["seeds_longest"].notna().any()
    sentences = (
        "Remembers: the mean horizon over seeds (geometric), each between a length that it solved and one that it "
        f"failed; {BEYOND}. Octaves: the same in doublings of the shortest length. No interval is given below 5 seeds."
        if (rows["span"].astype(float) > 0).any() else "",
        "Known horizons: seeds whose bracket is closed." if rows["open"].any() else "",
        "Worst seed: its accuracy at the longest length, 0 if it diverged." if judged else "",
        "Test loss: of the median seed at the longest length, infinite if it diverged; the best trivial predictor has "
        f"{number(rows['trivial_loss'].max())}." if rows["loss_longest"].notna().any() else "",
    )  # fmt: skip
    return " ".join(filter(None, sentences))


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


def groups_tables(evidence: Evidence, task: str) -> list[Table]:
    """Accuracy by each thing that the task counts beside the distance: methods and lengths by numbers of it."""
    counted = [name for name in evidence.measured if name.startswith(ACCURACY_BY)]
    found = evidence.by_method(accuracy_by_group, evidence.alike, counted)
    found = found[found["task"] == task]
    place = evidence.tasks.index(task) + 1
    return [
        _groups_table(evidence, f"{counted}-{place}", f"Accuracy on {task} by number of {counted}", own)
        for counted, own in found.groupby("counted", sort=False)
    ]


def _groups_table(evidence: Evidence, name: str, title: str, found: pd.DataFrame) -> Table:
    """One row a method and length, one column a group."""
    wide = found.pivot_table(index=["method", "length"], columns="at_most", values="median", sort=False)
    seeds = found.groupby(["method", "length"], sort=False)["n"].max()
    rows = evidence.in_grid_order(wide.assign(n=seeds).reset_index().sort_values("length", kind="stable"))
    edges = sorted(wide.columns)
    columns = (
        method_column(evidence),
        Column("length", "length"),
        *(_group(before + 1, edge) for before, edge in pairwise([-1, *edges])),
        Column("seeds", "n"),
    )
    note = "Medians over seeds on test data; diverged seeds are left out."
    if evidence.declared.searched:
        note += " Of a search only the lengths at which every seed of a method was trained."
    return Table(name, title, columns, rows, note=note, folded=True, values=found)


def _group(lowest: int, highest: int) -> Column:
    """The accuracy in one group of numbers."""
    head = f"{highest}" if lowest == highest else f"{lowest} to {highest}"
    return Column(head, lambda row: f"{row[highest]:.3f}" if row[highest] == row[highest] else MISSING)
