"""The declared protocol, the environment, and the trials that are missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from seqbench.printable import printable
from seqbench.report.columns import method_column, ratio
from seqbench.report.definitions import DIVERGED, criteria, outcomes, seed_span, seeds_of
from seqbench.report.evidence import Evidence
from seqbench.report.facts import overridden
from seqbench.report.links import trials
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table, number, word
from seqbench.stats.preregistration import OUTCOME_UNITS


def protocol(evidence: Evidence) -> Section:
    """The definitions behind every number."""
    tables = (_listed("protocol", "Definitions", _definitions(evidence)),)
    title = "The grid, with what is overridden" if evidence.plan.overrides else "The grid file"
    part = Part(tables=tables, code_title=title, code=evidence.plan.grid_text)
    return Section(
        "protocol",
        "Protocol",
        "As the grid file declares it, with its text as it was when the last trials were planned.",
        (part,),
    )


def _definitions(evidence: Evidence) -> dict[str, str]:
    """The terms of this report, as defined for this grid."""
    declared, rows = evidence.declared, evidence.reporting
    return {
        "overridden": overridden(evidence),
        "primary outcome": _outcome(evidence),
        "comparisons": _family(evidence),
        "baseline": "; ".join(f"{task}: {name or 'none'}" for task, name in evidence.comparison.baselines.items()),
        "error rate": f"{declared.alpha:g} for all declared comparisons of a task together (Holm)",
        "solved": criteria(evidence),
        "guessing": _chance(rows),
        "test data": ", ".join(f"{int(n):,} fresh sequences a trial" for n in rows["test_sequences"].dropna().unique()),
        "optimizer": ", ".join(sorted(map(str, rows["optimizer"].dropna().unique()))),
        "batch": ", ".join(f"{int(n)} sequences" for n in sorted(rows["batch_size"].dropna().unique())),
        "training lengths": declared.training_lengths,
        "reporting seeds": seed_span(seeds_of(evidence, "reporting")),
        "tuning seeds": seed_span(seeds_of(evidence, "tuning")) or "none: settings were fixed beforehand",
        "how settings were chosen": declared.tuning,
        "stuck": _stuck(rows),
        "diverged": f"{DIVERGED}; a result, never dropped",
    }  # fmt: skip


def _outcome(evidence: Evidence) -> str:
    """The primary outcome with its unit, by task where tasks differ in it."""
    found = outcomes(evidence)
    named = {name: f"{name} ({OUTCOME_UNITS[name]})" for name in found}
    if len(found) == 1:
        return "".join(named.values())
    return "; ".join(f"{', '.join(tasks)}: {named[name]}" for name, tasks in found.items())


def _family(evidence: Evidence) -> str:
    """Which methods are compared with which: as the grid declares it, or as its design decides it."""
    declared, baselines = evidence.declared.comparisons, evidence.comparison.baselines
    if isinstance(declared, tuple):
        return "; ".join(f"{method} against {other}" for method, other in declared)
    pairs = evidence.comparison.pairwise
    tested = pairs[pairs["family"] == "declared"].groupby("task").size()
    others = evidence.reporting.groupby("task")["method"].nunique() - 1
    if declared == "all" or not any(baselines.values()):
        return "every pair of methods"
    if declared == "baseline" or (tested == others.reindex(tested.index)).all():
        return "each method against the baseline"
    outside = "" if declared == "alone" else " or stands outside of the factors"
    return f"each method that differs from the baseline in one factor{outside}, against the baseline"


def _stuck(rows: pd.DataFrame) -> str:
    """How many trials a rule of the grid stopped before they had learned; empty if none."""
    stopped = int(rows["stuck_at"].notna().sum())
    if not stopped:
        return ""
    return (
        f"{stopped:,} of {len(rows):,} trials were stopped before their budget, because their training loss no longer "
        "improved (stop_when_stuck of the grid); each counts as what it was then"
    )


def _chance(rows: pd.DataFrame) -> str:
    """What guessing gives, and the best predictor that ignores the distant information, task by task."""
    levels = rows.groupby("task", sort=False)[["chance", "trivial"]].first().dropna().map(number)
    return "; ".join(
        f"{task}: {chance}" + ("" if trivial == chance else f" (at best {trivial} without the distant information)")
        for task, chance, trivial in levels.itertuples()
    )


def _listed(name: str, title: str, pairs: Mapping[str, str]) -> Table:
    """Two columns: a term and its meaning. Empty meanings are left out."""
    kept = {word: meaning for word, meaning in pairs.items() if meaning}
    frame = pd.DataFrame({"name": list(kept), "value": list(kept.values())})
    return Table(name, title, (word("name", "term"), word("value", "meaning")), frame)


def origin(evidence: Evidence) -> Section:
    """Versions and machines the trials ran on."""
    found = {key: getattr(evidence.plan, key) for key in ("revision", "versions", "environments")}
    pairs = _flat({key: value for key, value in found.items() if value})
    part = Part(tables=(_listed("environment", "Versions and machine", pairs),)) if pairs else None
    lead = "Numbers agree bit for bit on the same machine and versions only."
    return Section("environment", "Environment", lead, (part,) if part else ())


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as one word per setting."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        word = f"{prefix} {name}".strip()
        flat |= (
            _flat(value, word)
            if isinstance(value, Mapping)
            else {word: value if isinstance(value, str) else json.dumps(value)}
        )
    return flat


def gaps(evidence: Evidence) -> Section:
    """Trials that have not finished, that crashed, and combinations that are incompatible."""
    tables = [
        table
        for table in (_missing_table(evidence), _failures_table(evidence), _incompatible_table(evidence))
        if len(table.rows)
    ]
    lead = (
        "All planned trials have finished."
        if evidence.missing.empty
        else "Trials without an outcome are not counted in any number above."
    )
    return Section("gaps", "Missing, failed and incompatible", lead, (Part(tables=tuple(tables)),))


def _missing_table(evidence: Evidence) -> Table:
    counts = evidence.comparison.counts
    columns = (
        method_column(evidence),
        word("task"),
        word("purpose"),
        Column(
            "missing", ratio("missing", "planned"),
            link=lambda row: trials(evidence, task=row["task"], method=row["method"], outcome="null"),
        ),
    )  # fmt: skip
    return Table("missing", "Trials not finished", columns, counts[counts["missing"] > 0], values=counts)


def _failures_table(evidence: Evidence) -> Table:
    reasons = [(trial, printable(failure.reason)) for trial, failure in evidence.failures.items()]
    columns = (
        Column("trial", "trial", link=lambda row: trials(evidence, trial=row["trial"]), align="left"),
        word("error"),
    )
    rows = pd.DataFrame(reasons, columns=["trial", "error"])
    return Table("failures", "Trials that crashed", columns, rows, note="The same command trains them again.")


def _incompatible_table(evidence: Evidence) -> Table:
    columns = ("method", "task", "reason")
    rows = pd.DataFrame([vars(pair) for pair in evidence.plan.incompatible], columns=list(columns))
    return Table(
        "incompatible", "Incompatible combinations", tuple(map(word, columns)), rows,
        note="Found while planning; never trained.",
    )  # fmt: skip
