"""Entries that several tables share."""

from __future__ import annotations

import pytest

from seqbench.report.columns import factor, remembers


@pytest.mark.parametrize(
    ("bound", "read"),
    [("", "35 (20 to 60)"), ("at least", "≥ 35 (20 or more)"), ("at most", "≤ 35 (60 or less)"),
     ("within the range", "35 (20 to 60), within the range")],
)  # fmt: skip
def test_a_number_with_censored_seeds_at_either_end_is_marked(bound: str, read: str) -> None:
    row = {"span": 3.0, "bound": bound, "horizon": 35.0, "horizon_low": 20.0, "horizon_high": 60.0}
    assert remembers(row) == read
    assert factor({"n": 9, "bound": bound, "factor": 35.0, "factor_low": 20.0, "factor_high": 60.0}) == read
