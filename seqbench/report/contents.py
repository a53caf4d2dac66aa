"""The order of the report: the answer first, then what supports it, then what it rests on."""

from __future__ import annotations

from seqbench.report.chapters.accuracy import accuracy
from seqbench.report.chapters.across import across
from seqbench.report.chapters.comparisons import comparisons
from seqbench.report.chapters.horizons import horizons
from seqbench.report.chapters.limits import limits
from seqbench.report.chapters.mechanism import mechanism
from seqbench.report.chapters.methods import methods
from seqbench.report.chapters.other_lengths import other_lengths
from seqbench.report.chapters.price import price
from seqbench.report.chapters.protocol import gaps, origin, protocol
from seqbench.report.chapters.remedies import remedies
from seqbench.report.chapters.sensitivity import sensitivity
from seqbench.report.chapters.speed import speed
from seqbench.report.chapters.stability import stability
from seqbench.report.chapters.tuning import tuning
from seqbench.report.evidence import Evidence
from seqbench.report.section import Section

CHAPTERS = (
    accuracy, other_lengths, horizons, remedies, mechanism, speed, stability, tuning, comparisons, across, sensitivity,
    price, methods, protocol, limits, origin, gaps,
)  # fmt: skip


def contents(evidence: Evidence) -> list[Section]:
    """Every section that has something to show."""
    return [section for chapter in CHAPTERS if (section := chapter(evidence)).parts]
