"""Definitions of the protocol, as they are for the grid at hand."""

from __future__ import annotations

import pytest

from seqbench.report.chapters.protocol import protocol
from seqbench.report.definitions import duration
from seqbench.report.evidence import Evidence


def comparisons(evidence: Evidence) -> str:
    [table] = protocol(evidence).parts[0].tables
    return {row[0].text: row[1].text for row in table.entries}["comparisons"]


def test_the_protocol_of_factors_compares_each_remedy_alone(two_by_two: Evidence) -> None:
    assert comparisons(two_by_two).startswith("each method that differs from the baseline in one factor")


@pytest.mark.parametrize(("hours", "read"), [(10 / 3600, "10 seconds"), (0.5, "30 minutes"), (2.5, "2.5 hours")])
def test_a_duration_is_read_in_its_unit(hours: float, read: str) -> None:
    assert duration(hours) == read
