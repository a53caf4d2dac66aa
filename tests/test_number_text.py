"""Numbers are read the same everywhere: rounded before it is decided how they are written."""

from __future__ import annotations

import pandas as pd
import pytest

from seqbench.commands.tables import table_of
from seqbench.number_text import number_text
from seqbench.report.table import number
from seqbench.stats.horizon_means import steps_in_words

READ = [
    (0.0, "0"), (-0.0, "0"), (-1e-9, "-1e-09"), (0.12345, "0.123"), (9.996, "10"), (99.96, "100"), (999.4, "999"),
    (999.6, "1,000"), (-999.6, "-1,000"), (1234.5, "1,230"), (12345.6, "12,300"), (12345.0, "12,345"),
    (1e19, "1e+19"), (float("inf"), "inf"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "read"), READ)
def test_a_number_is_rounded_before_its_form_is_chosen(value: float, read: str) -> None:
    assert number_text(value) == number(value) == read
    [column] = table_of(pd.DataFrame({"a": [value]})).columns
    assert [str(cell) for cell in column.cells] == [read]


def test_fewer_digits_are_no_powers_of_ten() -> None:
    assert [number(value, 2) for value in (0.0994, 12.34, 99.6, 123.4)] == ["0.099", "12", "100", "120"]


@pytest.mark.parametrize(
    ("steps", "read"),
    [(7.24, "7.2"), (9.96, "10"), (35.4, "35"), (640.2, "640"), (999.6, "1,000"), (1234.5, "1,230"), (12345, "12,300"),
     (1024.0, "1,020"), (float("nan"), "nan")],
)  # fmt: skip
def test_steps_have_three_digits_at_most(steps: float, read: str) -> None:
    assert steps_in_words(steps) == read
