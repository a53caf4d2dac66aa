"""Counts of what became of injected faults, kept as one small file for each row of the table."""

from __future__ import annotations

import json
import os
import platform
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = "SEQBENCH_FAULTS"
"""Variable that names the folder where counts are kept; without it they are checked and forgotten."""

BAD = ("lost", "doubled", "silent", "tracebacks", "other_bits")
"""What must not happen: a finished trial lost; a trial or an MLflow run that is there twice or was trained twice;
damage or a refusal that is not said; a Python traceback; numbers that are not those of a run without faults."""


@dataclass
class Tally:
    """What became of the faults of one part of a row.

    row: F1 to F27
    part: which part of the row, where it has several
    injected: how many faults of each kind
    measured: further numbers worth knowing, by name
    examples: what was printed in the first bad cases of each kind
    """

    row: str
    part: str = ""
    injected: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    measured: dict[str, Any] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def inject(self, kind: str, count: int = 1) -> None:
        """Count a fault."""
        self.injected[kind] += count

    def require(self, good: object, bad: str, what: str) -> None:
        """Count a bad outcome unless `good`; `what` tells which case it was."""
        assert bad in BAD
        if not good:
            self.bad[bad] += 1
            own = self.examples.setdefault(bad, [])
            own += [what[:2000]] if len(own) < 5 else []

    def most(self, name: str, value: float) -> None:
        """Keep the greatest value of a measurement."""
        self.measured[name] = round(max(self.measured.get(name, value), value), 3)

    def check(self) -> None:
        """Fail if anything bad was counted."""
        assert self.injected, "no fault was injected"
        assert not self.bad, json.dumps({"counts": self.bad, "examples": self.examples}, indent=1)

    def encode(self) -> str:
        """The counts as JSON."""
        content = {
            "row": self.row, "parts": [self.part], "injected": dict(self.injected),
            **{name: self.bad[name] for name in BAD}, "measured": self.measured, "examples": self.examples,
            "seconds": round(time.monotonic() - self.began, 1),
            "versions": {name: version(name) for name in ("seqbench", "jax", "mlflow", "pandas", "pyarrow")},
            "platform": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        }  # fmt: skip
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    @property
    def name(self) -> str:
        """The name of the file of counts."""
        return "-".join(filter(None, (f"F{int(self.row[1:]):02}", self.part))) + ".json"


def folder_of_counts() -> Path | None:
    """Where counts are kept, if they are."""
    folder = os.environ.get(FOLDER)
    return Path(folder) if folder else None


def counted(tally: Tally, folder: Path) -> bool:
    """Whether the counts of a part of a row are there already, in a file of its own or in that of its row."""
    row = folder / f"{tally.name.partition('-')[0].removesuffix('.json')}.json"
    return (folder / tally.name).exists() or (row.exists() and tally.part in json.loads(row.read_text())["parts"])
