"""The effect of each remedy, alone and in combination, where the grid is factorial."""

from __future__ import annotations

from seqbench.report.charts.effects import effects, interaction
from seqbench.report.columns import attainable_p, interval
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table, word
from seqbench.stats.outcomes import outcome_at

STATISTICS = {
    "alone": "alone",
    "remove_one": "removed from all",
    "main": "on average",
    "shapley": "Shapley value",
}


COMPLETE = (
    "The grid combines its remedies, so the effect of each is known alone, with the others, and when it is removed."
)
INCOMPLETE = (
    "Combinations of the factors are missing from the grid, so no effect of one can be averaged over the others."
)
SHOWN_COMBINATIONS = 8


def remedies(evidence: Evidence) -> Section:
    """Effects, interactions and Shapley values, task by task."""
    found = evidence.comparison.effects
    known = found[(found["family"] == "declared") & (found["n"] > 0)]
    absent = evidence.comparison.missing_combinations
    complete = {task: bool((known["task"] == task).any()) for task in evidence.tasks}
    parts = tuple(
        Part(
            title=task,
            text=" ".join(filter(None, (_membership(evidence, task), _beyond_range(evidence, task) if whole else ""))),
            charts=(effects(evidence, task), interaction(evidence, task)) if whole else (),
            tables=tuple(
                table for table in (shares_table(evidence, task), effects_table(evidence, task)) if len(table.rows)
            ),
        )
        for task, whole in complete.items()
        if whole or (absent["task"] == task).any()
    )
    lead = COMPLETE if len(known) else INCOMPLETE
    return Section("remedies", "What each remedy adds", lead, parts)


def _membership(evidence: Evidence, task: str) -> str:
    """Which combinations are not in the grid, and which methods are outside of its factors."""
    absent = evidence.comparison.missing_combinations
    missing = absent.loc[absent["task"] == task, "missing"].tolist()
    rest = len(missing) - SHOWN_COMBINATIONS
    named = "; ".join([*missing[:SHOWN_COMBINATIONS], *([f"{rest} more"] if rest > 0 else [])])
    outside = [name for name in evidence.methods if name not in evidence.levels.index]
    sentences = (
        f"Not in the grid, so effects that need them are not given: {named}." if missing else "",
        f"Outside of the factors, so in no effect: {', '.join(outside)}." if outside else "",
    )
    return " ".join(filter(None, sentences))


def _beyond_range(evidence: Evidence, task: str) -> str:
    """How many horizons the range of lengths cuts off, and what that does to effects."""
    rows = evidence.comparison.horizons
    rows = rows[(rows["task"] == task) & rows["method"].isin(evidence.levels.index)]
    cut, seeds = int(rows["at_least"].sum() + rows["below"].sum()), int(rows["n"].sum())
    if not cut or outcome_at(evidence.declared.outcome, len(evidence.sought(task))) != "horizon":
        return ""
    return (
        f"{cut} of {seeds} horizons lie beyond either end of the range of lengths and count as that end: differences "
        "between remedies are then understated, and remedies that reach the end each seem to add less together than "
        "their sum."
    )


def effects_table(evidence: Evidence, task: str) -> Table:
    """Every effect on the primary outcome: main and two-way ones, and the higher orders as diagnostics."""
    rows = evidence.comparison.effects
    rows = rows[(rows["task"] == task) & (rows["n"] > 0)]
    primary = rows[rows["family"] == "declared"]
    unit = primary["unit"].iloc[0] if len(primary) else ""
    own = behind(evidence)
    columns = (
        Column("effect", lambda row: row["effect"].replace(" x ", " × "), align="left"),
        Column(unit, interval("mean"), unit="95 %", link=own),
        Column("seeds", "n", link=own),
        Column("p", attainable_p(evidence, "p", "n", "comparisons"), link=own),
        Column("p", attainable_p(evidence, "p_holm", "n", "comparisons"), unit="Holm", link=own),
        word("verdict"),
        word("depends_on", "depends on"),
    )
    return Table(
        f"effects-{evidence.tasks.index(task) + 1}", f"Effects on {task}", columns, primary, folded=True, values=rows,
        note="A two-way effect (×) is half of how much more two remedies add together than the sum of what each adds "
        "alone, averaged over the others; higher orders are halved once more for each further remedy. A main effect "
        "that depends on another remedy should not be stated without it. Main and two-way effects are corrected "
        "together; higher orders are diagnostics and are not. Within the range: "
        "seeds beyond an end of the range of lengths may bring the effect nearer to none. The file holds every "
        "outcome.",
    )  # fmt: skip


def shares_table(evidence: Evidence, task: str) -> Table:
    """Each remedy alone, removed from all, on average, and its Shapley value."""
    rows = evidence.comparison.shapley
    rows = rows[rows["task"] == task]
    unit, own = rows["unit"].iloc[0] if len(rows) else "", behind(evidence)
    columns = (
        Column("remedy", lambda row: f"{row['factor']}={row['level']}", align="left"),
        *([word("full", "with all of")] if rows["full"].nunique() > 1 else []),
        Column("seeds", "n", link=own),
        *(Column(head, interval(name, f"{name}_low", f"{name}_high"), link=own) for name, head in STATISTICS.items()),
        Column("note", lambda row: row["warning"] if row["warning"] == row["warning"] else "", align="left"),
    )
    return Table(
        f"shares-{evidence.tasks.index(task) + 1}", f"What each remedy adds on {task}", columns, rows,
        note=f"In {unit}, with 95 % intervals over seeds: alone and removed from all as of paired comparisons; on "
        "average by Student's t and for the Shapley value by bootstrap, which take the seeds as they are, those at an "
        "end of the range too. The Shapley values of all remedies add up to the effect of all of them together.",
    )  # fmt: skip
