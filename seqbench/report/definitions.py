"""Definitions that the protocol lists and that the methods text states in words."""

from __future__ import annotations

from seqbench.large_loss import LIMIT, STAYS
from seqbench.report.columns import criterion_text
from seqbench.report.evidence import Evidence
from seqbench.schema import Purpose, with_purpose
from seqbench.stats.outcomes import outcome_at

DIVERGED = (
    "loss, gradient or parameters became infinite or not a number, or the loss on validation data stayed above "
    f"{LIMIT:,.0f} times that of the best predictor without the distant information (at {STAYS} evaluations in "
    "a row of which none was below the first, or at the last one unless it had just fallen; evaluations that meet the "
    "criterion do not count)"
)


def criteria(evidence: Evidence) -> str:
    """From when on a trial counts as solved, task by task."""
    if evidence.declared.tau is not None:
        return f"accuracy ≥ {evidence.declared.tau:g}"
    different = evidence.reporting.drop_duplicates(["task", "solved_metric", "solved_threshold"])
    found = [(row.task, criterion_text(row.solved_metric, row.solved_threshold)) for row in different.itertuples()]
    if len(found) > 1 and len({criterion for _, criterion in found}) == 1:
        return f"{found[0][1]} on every task"
    return "; ".join(f"{task}: {criterion}" for task, criterion in found)


def outcomes(evidence: Evidence) -> dict[str, list[str]]:
    """The primary outcome of each task: the tasks of each outcome, in their order."""
    found: dict[str, list[str]] = {}
    for task in evidence.tasks:
        found.setdefault(outcome_at(evidence.declared.outcome, len(evidence.sought(task))), []).append(task)
    return found


def duration(time: float) -> str:
    """A time in hours as it is read."""
    if time < 1 / 60:
        return f"{3600 * time:.2g} seconds"
    return f"{60 * time:.2g} minutes" if time < 1 else f"{time:,.1f} hours"


def seeds_of(evidence: Evidence, purpose: Purpose) -> list[int]:
    """The seeds of that purpose, smallest first."""
    return sorted({int(seed) for seed in with_purpose(evidence.results, purpose)["seed"]})


def seed_span(seeds: list[int]) -> str:
    """`1000 to 1009 (10)`, or the seeds themselves where they have gaps."""
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"
    return ", ".join(map(str, seeds))
