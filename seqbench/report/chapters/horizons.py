"""How far back each method remembers, as one number with its interval."""

from __future__ import annotations

from seqbench.report.chapters.entries import in_groups
from seqbench.report.charts.horizon import horizon
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section


def horizons(evidence: Evidence) -> Section:
    """The memory horizon of every method on every task."""
    found = evidence.comparison.horizons
    tasks = [task for task in evidence.tasks if (found["task"] == task).any()]
    charts = tuple(horizon(evidence, group, name) for name, group in in_groups(tasks, "horizon"))
    lead = "The longest dependency that a method solves together with all shorter ones. One octave is a doubling."
    return Section("horizons", "Memory horizon", lead, (Part(charts=charts),) if charts else ())
