"""What each remedy adds, alone and together, where the grid is factorial."""

from __future__ import annotations

from typing import Any

import pandas as pd

from seqbench.report.chapters.entries import as_it_is, interval_text, linked, told_p
from seqbench.report.charts.effects import effects, interaction
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Table, plain, tabulate

STATISTICS = {
    "alone": "alone",
    "remove_one": "taken away from all",
    "main": "on average",
    "shapley": "fair share (Shapley)",
}


def remedies(evidence: Evidence) -> Section:
    """Effects, interactions and fair shares, task by task."""
    found = evidence.comparison.effects
    known = found[(found["family"] == "declared") & (found["n"] > 0)]
    parts = tuple(
        Part(
            title=task,
            text=_missing(evidence, task),
            charts=(effects(evidence, task), interaction(evidence, task)),
            tables=tuple(
                table for table in (shares_table(evidence, task), effects_table(evidence, task)) if table.rows
            ),
        )
        for task in evidence.tasks
        if (known["task"] == task).any()
    )
    lead = "The grid combines its remedies, so what one adds can be seen alone, beside the others, and when taken away."
    return Section("remedies", "What each remedy adds", lead, parts)


def _missing(evidence: Evidence, task: str) -> str:
    """Which combinations the grid lacks."""
    absent = evidence.comparison.missing_combinations
    absent = absent.loc[absent["task"] == task, "missing"]
    return f"Not in the grid, so effects that need them are not given: {'; '.join(absent)}." if len(absent) else ""


def effects_table(evidence: Evidence, task: str) -> Table:
    """Every effect on the primary outcome: main and two-way ones, and the higher orders as diagnostics."""
    rows = evidence.comparison.effects
    rows = rows[(rows["task"] == task) & (rows["n"] > 0)]
    primary = rows[rows["family"] == "declared"]
    unit = primary["unit"].iloc[0] if len(primary) else ""
    heads = {"effect": "effect", "mean": f"{unit} (95 %)", "n": "seeds", "p": "p", "p_holm": "p (Holm)",
             "verdict": "verdict", "depends_on": "depends on"}  # fmt: skip
    shown = pd.DataFrame([
        {
            "effect": plain(row["effect"].replace(" x ", " × ")),
            "mean": linked(evidence, interval_text(row["mean"], row["low"], row["high"]), task=task),
            "n": linked(evidence, str(row["n"]), task=task),
            **{
                name: linked(evidence, told_p(evidence, row[name], row["n"], row["comparisons"]), task=task)
                for name in ("p", "p_holm")
            },
            **{name: plain(row[name]) for name in ("verdict", "depends_on")},
        }
        for row in primary.to_dict(orient="records")
    ], columns=list(heads))  # fmt: skip
    return tabulate(
        shown, name=f"effects-{evidence.tasks.index(task) + 1}", title=f"Effects on {task}", raw=rows, folded=True,
        heads=heads, cells=dict.fromkeys(heads, as_it_is),
        note="A main effect that depends on another remedy must not be stated without it. Main and two-way effects are "
        "corrected together; higher orders are diagnostics and are not. The file holds every outcome.",
    )  # fmt: skip


def shares_table(evidence: Evidence, task: str) -> Table:
    """Each remedy alone, taken away from all, on average, and its fair share."""
    rows = evidence.comparison.shapley
    rows = rows[rows["task"] == task]
    several = rows["full"].nunique() > 1
    heads = {"remedy": "remedy", **({"full": "with all of"} if several else {}), "n": "seeds", **STATISTICS,
             "warning": ""}  # fmt: skip
    shown = pd.DataFrame([
        {
            "remedy": plain(f"{row['factor']}={row['level']}"),
            "full": plain(row["full"]),
            "n": linked(evidence, str(row["n"]), task=task),
            **{name: linked(evidence, _with_interval(row, name), task=task) for name in STATISTICS},
            "warning": plain(row["warning"] if row["warning"] == row["warning"] else ""),
        }
        for row in rows.to_dict(orient="records")
    ], columns=["remedy", "full", "n", *STATISTICS, "warning"])  # fmt: skip
    unit = rows["unit"].iloc[0] if len(rows) else ""
    return tabulate(
        shown, name=f"shares-{evidence.tasks.index(task) + 1}", title=f"What each remedy adds on {task}", raw=rows,
        heads=heads, cells=dict.fromkeys(heads, as_it_is),
        note=f"In {unit}, with 95 % intervals over seeds (bootstrap for the fair share). The fair shares of all "
        "remedies together add up to what all of them bring.",
    )  # fmt: skip


def _with_interval(row: dict[str, Any], name: str) -> str:
    """A statistic and its interval."""
    return interval_text(*(row[f"{name}{end}"] for end in ("", "_low", "_high")))
