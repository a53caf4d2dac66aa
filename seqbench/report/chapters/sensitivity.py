"""Sensitivity of the result to the definition of "solved" and to the training budget."""

from __future__ import annotations

import pandas as pd

from seqbench.report.columns import method_column, ratio_text
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import MISSING, Column, Row, Table, word
from seqbench.stats.answers import names_in_words

DECLARED = "as declared"
SHARES = (1.0, 0.5, 0.25)
"""Parts of the budget that have a column."""
SOLVED_LONGEST = "In brackets: seeds that solved the longest length; of a task with a single length these alone."
BEFORE_THE_END = (
    "Before the end a trial has solved from the first of three evaluations in a row that met the criterion."
)


def sensitivity(evidence: Evidence) -> Section:
    """The horizon at other thresholds and at parts of the training budget."""
    comparison = evidence.comparison
    thresholds = comparison.sensitivity.assign(
        at=[DECLARED if row.declared else f"at accuracy {row.tau:g}" for row in comparison.sensitivity.itertuples()]
    ).sort_values("declared", ascending=False, kind="stable")
    budgets = comparison.budget_sensitivity.sort_values("budget_share", ascending=False, kind="stable")
    budgets = budgets[budgets["budget_share"].isin(SHARES)]
    budgets = budgets.assign(at=[_budget(share) for share in budgets["budget_share"]])
    tables, sentences = [], []
    for rows, name, title in (
        (thresholds, "sensitivity", "Octaves at other thresholds of solved"),
        (budgets, "budgets", "Octaves had training been shorter"),
    ):
        if len(rows):
            tables.append(_table(evidence, rows, name, title))
            sentences.append(_leaders(evidence, rows))
    lead = (
        "The criterion of solved and the training budget were fixed beforehand; the tables show what depends on them."
    )
    part = Part(text=" ".join(filter(None, sentences)), tables=tuple(tables))
    return Section("sensitivity", "Sensitivity to criterion and budget", lead, (part,) if tables else ())


def _budget(share: float) -> str:
    return "with the whole budget" if share == 1 else f"with {100 * share:.0f} % of it"


def _leaders(evidence: Evidence, rows: pd.DataFrame) -> str:
    """On which tasks another choice puts other methods first; nothing where no task has a first method.

    Only methods that have a rank are looked at: below 3 seeds nothing is ranked.
    """
    placed = evidence.comparison.methods.dropna(subset=["rank"])
    rows = rows.merge(placed[["task", "method"]], on=["task", "method"])
    changed, ranked = [], False
    for task in (name for name in evidence.with_horizons if (rows["task"] == name).any()):
        own = rows[rows["task"] == task]
        first = {
            at: tuple(sorted(part.loc[part["octaves"].round(9) == part["octaves"].round(9).max(), "method"]))
            for at, part in own.groupby("at", sort=False)
        }
        ranked |= any(len(set(part["octaves"].dropna().round(9))) > 1 for _, part in own.groupby("at"))
        usual, *others = [(at, names) for at, names in first.items() if names] or [("", ())]
        moved = [f"{names_in_words(list(names))} {at}" for at, names in others if names != usual[1]]
        if moved:
            changed.append(f"On {task}, {names_in_words(list(usual[1]))} {usual[0]}, but {', '.join(moved)}.")
    what = "the threshold" if "tau" in rows else "the budget"
    if not ranked:
        return ""
    if not changed:
        return f"Which method remembers furthest does not depend on {what}."
    return f"Which method remembers furthest depends on {what}. {' '.join(changed)}"


def _table(evidence: Evidence, rows: pd.DataFrame, name: str, title: str) -> Table:
    """One row per task and method, one column per choice: octaves, and the seeds that solved the longest length."""
    shown = rows.assign(octaves=rows["octaves"].where(rows["task"].isin(evidence.with_horizons)))
    found = {(row["task"], row["method"], row["at"]): row for row in shown.to_dict(orient="records")}
    notes = [SOLVED_LONGEST] if rows["solved_longest"].notna().any() else []
    notes.append(BEFORE_THE_END if name == "budgets" else _out_of_reach(evidence, rows))
    note = " ".join(filter(None, notes))

    def column(at: str) -> Column:
        return Column(at, lambda row: _octaves(found.get((row["task"], row["method"], at))), link=behind(evidence))

    return Table(
        name, title, (method_column(evidence), word("task"), *map(column, dict.fromkeys(rows["at"]))),
        evidence.in_grid_order(rows[["task", "method"]].drop_duplicates()), note=note, folded=True,
        values=shown.drop(columns="at"),
    )  # fmt: skip


def _out_of_reach(evidence: Evidence, rows: pd.DataFrame) -> str:
    """Which of the thresholds have no number on which tasks, and why; empty where all have."""
    judged = {task: set(own["tau"]) for task, own in rows.groupby("task", sort=False)}
    named = []
    for tau in evidence.declared.sensitivity:
        tasks = [task for task, known in judged.items() if tau not in known]
        if tasks:
            named.append(f"{tau:g}" if len(tasks) == len(judged) else f"{tau:g} on {names_in_words(tasks)}")
    if not named:
        return ""
    return (
        f"No number is given at accuracy {names_in_words(named)}: training stopped once a trial met the criterion, so "
        "that none had a chance to reach more (stop_when_solved: false trains on)."
    )


def _octaves(row: Row | None) -> str:
    """The octaves at one choice, and how many seeds solved the longest length; of a single length these alone."""
    if row is None:
        return MISSING
    solved = ratio_text(row["solved_longest"], row["n"])
    if pd.isna(row["octaves"]):
        return solved
    return f"{row['octaves']:.2f}" + ("" if solved == MISSING else f" ({solved})")
