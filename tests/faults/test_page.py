"""The committed page is the one that the committed counts make, and holds nothing bad."""

from __future__ import annotations

import json

import pytest

from tests.faults.page import FOLDER, page
from tests.faults.rows import ROWS
from tests.faults.tally import BAD


def test_the_page_is_made_from_its_counts_and_holds_nothing_bad() -> None:
    if not FOLDER.is_dir():
        pytest.skip("results are not part of the package")
    rows = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("F*.json"))}
    assert rows.keys() <= {f"F{int(name[1:]):02}" for name in ROWS}
    assert (FOLDER / "README.md").read_text() == page(rows)
    assert {name: row[bad] for name, row in rows.items() for bad in BAD if row[bad]} == {}
