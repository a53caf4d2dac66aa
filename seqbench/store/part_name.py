"""The names of parts (`seqbench.store.parts`), which say how many trials each holds."""

from __future__ import annotations

import re

ENDING = ".parquet"
NAME = re.compile(r"(?P<number>\d{6,})-(?P<count>\d+)\.parquet")
