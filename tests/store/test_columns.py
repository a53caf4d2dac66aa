"""Rows kept by column are the tables that pandas makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from seqbench.schema import CURVE_COLUMNS, RESULT_COLUMNS
from seqbench.store.columns import Columns
from seqbench.store.table_rows import typed

ROWS = [
    {"steps": 10, "loss": 0.25, "unknown": "left out"},
    {"steps": None, "loss": None},
    {"steps": 2**53 + 1, "loss": float("inf")},
    {},
]


def test_missing_values_are_those_of_the_type_and_whole_numbers_keep_every_digit() -> None:
    names = [*RESULT_COLUMNS, "distance"]  # a factor, which may be named like a column of another table
    columns = Columns(names)
    columns.add([row | {"distance": "near"} for row in ROWS[:3]], "a")
    columns.add(ROWS[3:], "b")
    columns.add([], "c")
    frame = columns.frame()
    assert list(frame["trial"]) == ["a", "a", "a", "b"]
    assert frame["distance"].tolist()[:3] == ["near"] * 3
    assert frame["steps"].tolist() == [10, pd.NA, 2**53 + 1, pd.NA]
    assert frame["loss"].tolist() == pytest.approx([0.25, np.nan, np.inf, np.nan], nan_ok=True)
    assert list(frame["distance"].isna()) == [False, False, False, True]
    assert_frame_equal(frame, typed(frame, names))


def test_a_table_without_rows_has_the_types_of_the_schema() -> None:
    frame = Columns(CURVE_COLUMNS).frame()
    assert frame.dtypes.astype(str).to_dict() == {name: column.dtype for name, column in CURVE_COLUMNS.items()}


def test_a_count_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number"):
        Columns(CURVE_COLUMNS).add([{"step": 2.5}], "a")
