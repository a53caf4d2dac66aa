"""What the report cannot say, however many trials have finished."""

from __future__ import annotations

import pandas as pd

from seqbench.report.columns import percent_text
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Table, word
from seqbench.stats.collapses import Collapses, collapses
from seqbench.stats.power import rule_of_zero
from seqbench.stats.signflip import seeds_to_find_anything


def limits(evidence: Evidence) -> Section:
    """The limits that follow from this grid's seeds, lengths and comparisons; nothing before a trial has finished."""
    rows = evidence.reporting
    if rows.empty:
        return Section("limits", "What this report cannot say", "", ())
    declared = evidence.declared
    seeds = int(rows.groupby(["method", "task", "length"], observed=True).size().max())
    budgets = [budget for budget in dict.fromkeys(evidence.comparison.answers["budget"]) if budget]
    pairs = evidence.comparison.pairwise
    declared_pairs = pairs[pairs["family"] == "declared"]
    family = int(declared_pairs["comparisons"].max()) if len(declared_pairs) else 0
    known = {
        "rare failures": f"what none of {seeds} seeds showed may still happen in "
        f"{percent_text(0, rule_of_zero(seeds))} of seeds",
        "small differences": f"with {family} declared comparisons a task no difference is "
        f"distinguishable from chance with fewer than {seeds_to_find_anything(family, declared.alpha)} seeds"
        if family else "",
        "budget": f"a horizon is one {'; '.join(budgets)}: with more steps it may lie further" if budgets else "",
        "monotony": _monotony(evidence),
        "beyond the grid": _beyond(evidence),
        "later collapse": _collapse(collapses(rows)),
        "single seeds": "rounding alone, as another machine or another version brings it, can move the steps that one "
        "seed takes to solve by more than a tenth",
        "other settings": "other widths, depths, optimizers, learning rates and budgets were not tried unless the "
        "grid file names them",
        "exploratory numbers": "whatever is not in the declared family was found by looking and needs seeds of its own",
    }  # fmt: skip
    frame = pd.DataFrame([(name, text) for name, text in known.items() if text], columns=["name", "value"])
    table = Table("limits", "Limits", (word("name", "limit"), word("value", "what it means here")), frame)
    return Section("limits", "What this report cannot say", "", (Part(tables=(table,)),))


def _beyond(evidence: Evidence) -> str:
    """Of which dependencies nothing is known: outside of the lengths of each task, and between those of a list."""
    by_ends: dict[tuple[int, int], list[str]] = {}
    for task in evidence.tasks:
        lengths = evidence.reporting.loc[evidence.reporting["task"] == task, "length"]
        if len(lengths):
            by_ends.setdefault((int(lengths.min()), int(lengths.max())), []).append(task)
    parts = [
        f"below {shortest:,} or above {longest:,} steps" + (f" on {', '.join(tasks)}" if len(by_ends) > 1 else "")
        for (shortest, longest), tasks in by_ends.items()
    ]
    between = "" if evidence.declared.searched else ", nor between the lengths that were run"
    return f"nothing is known about dependency lengths {'; '.join(parts)}{between}"


def _collapse(counted: Collapses) -> str:
    """Whether trials that were solved stayed so, and of how many that is not known."""
    stopped, watched = counted.stopped, counted.watched
    parts = []
    if watched:
        parts.append(
            f"of {watched:,} trials that were trained on after they were solved, {counted.at_end:,} no longer met the "
            f"criterion at the end, and {counted.on_the_way:,} more did not at an evaluation between"
        )
    if stopped:
        parts.append(
            f"{stopped:,} trial{'s were' if stopped > 1 else ' was'} trained no further once solved, and whether "
            f"{'they' if stopped > 1 else 'it'} would have stayed so is not known "
            "(stop_when_solved: {after: N} trains on)"
        )
    return "; ".join(parts)


def _monotony(evidence: Evidence) -> str:
    """What a search assumes, and how often what was seen contradicted it; empty where nothing was searched."""
    rows = evidence.comparison.horizons
    rows = rows[rows["task"].isin(list(evidence.declared.searched))]
    if rows.empty:
        return ""
    contradicted = int(rows["violations"].sum())
    spanned = "; the intervals span the contradictions of these seeds" if contradicted else ""
    return (
        "a search takes for granted that a seed which solves a length solves all shorter ones: "
        f"{contradicted} of {int(rows['n'].sum())} searches contradicted it{spanned}; lengths that were not visited "
        "may hide more"
    )
