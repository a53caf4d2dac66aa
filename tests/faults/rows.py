"""The table of faults F1 to F27: what each row is, how it was injected, and what tests it with every change."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml


class Row(NamedTuple):
    """One row.

    fault: what happens
    full: how many there are at full size
    how: how it was injected, at what size, and what was left out
    every_change: the tests of the suite
    """

    fault: str
    full: str
    how: str
    every_change: str


ROWS = {
    name: Row(**fields) for name, fields in yaml.safe_load(Path(__file__).with_name("rows.yaml").read_text()).items()
}
