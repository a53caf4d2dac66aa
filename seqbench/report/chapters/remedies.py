"""What each remedy adds, alone and together, where the grid is factorial."""

from __future__ import annotations

import pandas as pd

from seqbench.report.chapters.entries import as_number, interval_text, p_text
from seqbench.report.charts.effects import effects, interaction
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, plain, tabulate

STATISTICS = {
    "alone": "alone",
    "remove_one": "taken away from all",
    "main": "on average",
    "shapley": "fair share (Shapley)",
}


def remedies(evidence: Evidence) -> Section:
    """Effects, interactions and fair shares, task by task."""
    found = evidence.comparison.effects
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
        if ((found["task"] == task) & (found["n"] > 0)).any()
    )
    lead = "The grid combines its remedies, so what one adds can be seen alone, beside the others, and when taken away."
    return Section("remedies", "What each remedy adds", lead, parts)


def _missing(evidence: Evidence, task: str) -> str:
    """Which combinations the grid lacks."""
    absent = evidence.comparison.missing_combinations
    absent = absent.loc[absent["task"] == task, "missing"]
    return f"Not in the grid, so effects that need them are not given: {'; '.join(absent)}." if len(absent) else ""


def effects_table(evidence: Evidence, task: str) -> Table:
    """Main and two-way effects on the primary outcome."""
    rows = evidence.comparison.effects
    rows = rows[(rows["task"] == task) & (rows["n"] > 0)]
    primary = rows[(rows["family"] == "declared") & (rows["order"] <= 2)]
    shown = pd.DataFrame({
        "effect": primary["effect"].str.replace(" x ", " × ", regex=False),
        "mean": [interval_text(row.mean, row.low, row.high) for row in primary.itertuples()],
        "n": primary["n"],
        "p": [p_text(p) for p in primary["p_holm"]],
        "verdict": primary["verdict"],
        "depends_on": primary["depends_on"],
    })  # fmt: skip
    unit = primary["unit"].iloc[0] if len(primary) else ""
    return tabulate(
        shown, name=f"effects-{evidence.tasks.index(task) + 1}", title=f"Effects on {task}", raw=rows, folded=True,
        heads={"effect": "effect", "mean": f"{unit} (95 %)", "n": "seeds", "p": "p (Holm)", "verdict": "verdict",
               "depends_on": "depends on"},
        cells={"mean": as_number, "p": as_number},
        note="A main effect that depends on another remedy must not be stated without it. The file holds "
        "every order and every outcome.",
    )  # fmt: skip


def shares_table(evidence: Evidence, task: str) -> Table:
    """Each remedy alone, taken away from all, on average, and its fair share."""
    rows = evidence.comparison.shapley
    rows = rows[rows["task"] == task]
    shown = pd.DataFrame([
        {
            "remedy": f"{row['factor']}={row['level']}",
            "full": row["full"],
            **{name: interval_text(*(row[f"{name}{end}"] for end in ("", "_low", "_high"))) for name in STATISTICS},
            "warning": row["warning"],
        }
        for row in rows.to_dict(orient="records")
    ], columns=["remedy", "full", *STATISTICS, "warning"])  # fmt: skip
    several = rows["full"].nunique() > 1
    heads = {"remedy": "remedy", **({"full": "with all of"} if several else {}), **STATISTICS, "warning": ""}
    unit = rows["unit"].iloc[0] if len(rows) else ""
    return tabulate(
        shown, name=f"shares-{evidence.tasks.index(task) + 1}", title=f"What each remedy adds on {task}", raw=rows,
        heads=heads, cells={**dict.fromkeys(STATISTICS, as_number), "warning": _warning},
        note=f"In {unit}, with 95 % intervals. The fair shares of all remedies together add up to what all "
        "of them bring.",
    )  # fmt: skip


def _warning(text: object) -> Cell:
    return plain(text if text == text else "")
