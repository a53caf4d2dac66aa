"""A results folder, a fault, and the same command again: what became of the trials."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from seqbench.store.checkpoints import Facts
from seqbench.store.records import UnusableRecord, read_record
from seqbench.store.results import load
from tests.faults.commands import Commands, Done, options
from tests.faults.tally import Tally

TINY = Path(__file__).with_name("tiny.yaml")
RECORDED = Path(__file__).with_name("recorded.json")
"""The events with which each trial of `tiny.yaml` finished, by trial."""
FACTS = Facts(
    ({"step": 10, "train_loss": 0.1, "validation_loss": 0.2, "validation_accuracy": 0.3, "steps_counted": 10},),
    (), 1.0, 0.0,
)  # fmt: skip
"""What is kept in a checkpoint beside arrays."""


def sizes(few: Any, *many: Any) -> pytest.MarkDecorator:
    """A test at several sizes, nightly but for the first; see `tests.faults.conftest`. Without `few` nightly alone."""
    nightly = [pytest.param(size, marks=pytest.mark.nightly, id=f"nightly{place}") for place, size in enumerate(many)]
    return pytest.mark.parametrize("size", nightly if few is None else [pytest.param(few, id="small"), *nightly])


class Share(NamedTuple):
    """So many faults, which are other ones in every part."""

    part: int
    count: int


def shares(parts: int, count: int) -> list[Share]:
    """Parts of so many faults each: a nightly run that was stopped goes on with the next."""
    return [Share(part, count) for part in range(1, parts + 1)]


def without_clock(table: pd.DataFrame) -> pd.DataFrame:
    """A table without its columns of seconds."""
    return table.drop(columns=[name for name in table.columns if name.endswith("seconds")])


def numbers(folder: Path) -> str:
    """A digest of all that a results folder says, but for seconds and for which failures there were on the way."""
    results = load(folder)
    tables = (results.trials.drop(columns="probed"), results.curves, results.probes)
    content = "".join(without_clock(table).to_json(double_precision=15) for table in tables)
    return hashlib.sha256(content.encode()).hexdigest()


def whole(folder: Path) -> dict[str, bytes]:
    """The trial files of a results folder that can be used, by trial."""
    found = {}
    for path in sorted((folder / "trials").glob("*.json")):
        try:
            read_record(path)
        except UnusableRecord:
            continue
        found[path.stem] = path.read_bytes()
    return found


@dataclass
class Scene:
    """Runs of the replayed grid into one folder.

    results: the folder of all results; of this grid below it
    expected: what the numbers are without a fault
    """

    commands: Commands
    results: Path
    expected: str
    trials: set[str]
    request: dict[str, Any] = field(default_factory=lambda: {"replay": str(RECORDED)})

    @property
    def folder(self) -> Path:
        return self.results / TINY.stem

    def words(self) -> tuple[object, ...]:
        """The grid and the options of its runs."""
        return (TINY, *options(self.results))

    def run(self, *, seconds: float = 300, **request: Any) -> Done:
        """Run the grid once."""
        return self.commands.run("run", *self.words(), seconds=seconds, **self.request | request)

    def judge(self, done: Done, tally: Tally, what: str, *, allowed: Iterable[int] = (0,)) -> None:
        """Count what a run that met a fault left behind, then run again and count what came of it.

        Its exit code must be among `allowed`; where it says success, the results must be complete. If 0 alone is
        allowed, there is nothing to run again.
        """
        what = f"{what}: {done.code} {done.said[-1500:]}"
        tally.require(done.code in {*allowed}, "silent" if done.code == 0 else "tracebacks", what)
        tally.require(not done.raised, "tracebacks", what)
        before = whole(self.folder)
        if done.code == 0:
            tally.require(self._complete(), "silent", what)
        if {*allowed} == {0}:
            tally.require(before.keys() == self.trials, "lost", what)
            return
        again = self.run()
        what = f"{what}\nAGAIN {again.code} {again.said[-1500:]}"
        tally.require(not again.raised and again.code == 0, "tracebacks", what)
        counts = Counter(again.trained)
        tally.require(not set(before) & set(counts) and max(counts.values(), default=1) == 1, "doubled", what)
        after = whole(self.folder)
        tally.require(all(after.get(trial) == data for trial, data in before.items()), "lost", what)
        tally.require(set(after) == self.trials, "lost", what)
        tally.require(self._complete(), "other_bits", what)

    def _complete(self) -> bool:
        """Whether the folder holds the numbers of a run without faults, in its trial files and in its tables."""
        try:
            if numbers(self.folder) != self.expected:
                return False
            manifest = json.loads((self.folder / "manifest.json").read_text())["sha256"]
        except Exception:  # noqa: BLE001 - whatever is wrong, it is not complete
            return False
        return all(
            hashlib.sha256((self.folder / name).read_bytes()).hexdigest() == stated for name, stated in manifest.items()
        )
