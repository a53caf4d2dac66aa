"""What `seqbench run` says of trials that crashed."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.crashes import MOST, reasons_counted
from seqbench.store.failures import Failure
from tests.forked import seqbench

GRID = """
question: What falls over?
tasks: [delayed_recall]
lengths: [2]
seeds: 2
model: {stacked: {width: 4}}
training: {steps: 10, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 64}
probes: none
cell: "falling:falling"
"""
CELL = """
import sys

from seqbench.cells.base import CellBuilder
from seqbench.cells.vanilla import vanilla


def falling() -> CellBuilder:
    if sys.argv[0].endswith("worker.py"):  # it plans well and trains badly
        raise ValueError("boom")
    return vanilla()
"""


def test_equal_reasons_are_counted_and_many_are_cut_short() -> None:
    same = [Failure("ValueError: boom", "in a"), Failure("KeyError: 'x'"), Failure("ValueError: boom", "in b")]
    assert reasons_counted(same) == "  2 x ValueError: boom\n  1 x KeyError: 'x'"
    assert reasons_counted([Failure("a\x1b[2J")]) == "  1 x a\\x1b[2J"
    many = reasons_counted(Failure(f"KeyError: {number}") for number in range(MOST + 2)).splitlines()
    assert len(many) == MOST + 1
    assert many[-1] == "  and 2 other reasons"


def test_run_ends_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "falling.py").write_text(CELL)
    (tmp_path / "falls.yaml").write_text(GRID)
    done = seqbench("run", "falls.yaml", "--no-tracking", "-q", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "2 trials crashed:\n  2 x ValueError: boom (falling.py, line 10, in falling)\n" in done.stderr
