"""`seqbench.run` as scripts use it: functions of their own go to the workers, and what is there is not trained."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import seqbench
from seqbench.errors import TrialsCrashed, UsageError
from seqbench.store.plan_file import decode_plan
from seqbench.store.results import Results, results_of
from tests.tracking.frames import grid as hand_made
from tests.tracking.frames import plan_of, record_of

GRID: dict[str, Any] = {
    "question": "Does it run?",
    "tasks": ["delayed_recall"],
    "lengths": [2],
    "seeds": 2,
    "model": {"stacked": {"width": 4}},
    "training": {"steps": 4, "evaluate_every": 2, "batch_size": 4, "validation_sequences": 8, "test_sequences": 8},
    "probes": "none",
}

SCRIPT = """
from functools import partial

import jax.numpy as jnp
from flax import nnx

import seqbench
from beside import share
from seqbench.cells.base import Cell, CellBuilder


class Leaky(Cell):
    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs, *, leak: float) -> None:
        super().__init__(inputs, hidden, rngs)
        self.leak = leak

    def step(self, carry, projected):
        return carry + self.leak * (jnp.tanh(projected + self.multiply(carry)) - carry)


def leaky(*, leak: float = 0.5) -> CellBuilder:
    return partial(Leaky, leak=leak * share())


results = seqbench.run(GRID, cells=[leaky], workers=1, quiet=True)
print(*results.finished["trial"])
print(*results.finished["method"])
"""
PLANNED = (
    SCRIPT.partition("results = ")[0] + "print(*(trial.id for trial in seqbench.plan(GRID, cells=[leaky]).trials))"
)


def ran(folder: Path, script: str = SCRIPT, share: float = 1.0) -> list[list[str]]:
    """What a script prints, run in a folder beside a module of its own."""
    (folder / "beside.py").write_text(f"def share():\n    return {share}\n")
    (folder / "script.py").write_text(script.replace("GRID", repr(GRID)))
    done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("hasty_workers")
def test_a_function_of_a_script_is_trained_by_workers_and_identified_by_its_program(tmp_path: Path) -> None:
    trials, methods = ran(tmp_path)
    assert methods == ["vanilla", "vanilla", "leaky", "leaky"]
    folder = tmp_path / "results" / "does-it-run"
    kept = folder / "components" / "leaky.py"
    assert "class Leaky(Cell):" in kept.read_text()
    before = {path: path.stat().st_mtime_ns for path in (folder / "trials").iterdir()}
    assert ran(tmp_path, SCRIPT.replace("class Leaky", "# a comment\nclass Leaky"))[0] == trials
    assert {path: path.stat().st_mtime_ns for path in (folder / "trials").iterdir()} == before
    edited = ran(tmp_path, PLANNED.replace("jnp.tanh", "jnp.sin"))[0]
    assert (edited[:2] == trials[:2], set(edited[2:]) & set(trials[2:])) == (True, set())
    beside = ran(tmp_path, PLANNED, share=0.5)[0]
    assert (beside[:2] == trials[:2], set(beside[2:]) & set(trials[2:])) == (True, set())


@pytest.mark.usefixtures("hasty_workers")
def test_what_has_finished_is_returned_and_not_trained_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = seqbench.run(GRID, results=tmp_path, workers=1, name="mine")
    assert isinstance(first, Results)
    assert first.folder == tmp_path / "mine"
    assert repr(first) == f"<Results of mine: 2 of 2 trials finished in {tmp_path / 'mine'}>"
    assert "Found: 0 of 2 trials finished, 2 to train." in capsys.readouterr().err
    again = seqbench.run(GRID, results=tmp_path, workers=1, name="mine", quiet=True)
    assert capsys.readouterr().err == ""
    assert again.finished.equals(first.finished)
    shutil.rmtree(first.folder / "trials")
    clone = seqbench.run(GRID, results=tmp_path, workers=1, name="mine", from_tables=True)
    assert "Found: 2 of 2 trials finished, 0 to train." in capsys.readouterr().err
    assert clone.finished.equals(first.finished)
    path = seqbench.report(again, tmp_path / "elsewhere")
    assert path.read_text("utf-8").count("Does it run?") > 0
    assert seqbench.figure(again, "accuracy").axes


def test_the_mirror_is_given_the_report_of_these_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Mirror(contextlib.nullcontext[None]):
        def __init__(self, *_: Any, **__: Any) -> None:
            super().__init__()

        def complete(self, results: Results) -> None:
            assert results.folder is not None
            seen.append((results.folder / "report.html").read_text("utf-8"))

    def run_grid(grid: Any, folder: Path, *, finish: Any, **_: Any) -> Results:
        found = results_of([record_of(one) for one in trials], decode_plan(plan_of(trials)))
        found = dataclasses.replace(found, folder=folder)
        finish(found)
        return found

    trials = hand_made({"lstm": {10: [0.95]}})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "report.html").write_text("of an earlier run")
    monkeypatch.setattr("seqbench.interactive.run.LiveMirror", Mirror)
    monkeypatch.setattr("seqbench.interactive.run.run_grid", run_grid)
    seqbench.run(GRID, results=tmp_path, name="mine", tracking=True, quiet=True)
    [page] = seen
    assert "Does it &lt;b&gt;remember" in page


def test_a_crash_is_an_error_that_has_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crashing.py").write_text(
        "from seqbench.cells.base import CellBuilder\nfrom seqbench.cells.gru import GRU\n"
        "import os\n\n"
        "class Crashing(GRU):\n"
        "    def __init__(self, *arguments, **settings):\n"
        "        if 'MALLOC_ARENA_MAX' in os.environ:  # as in workers alone\n"
        "            raise RuntimeError('on purpose')\n"
        "        super().__init__(*arguments, **settings)\n\n"
        "def crashing() -> CellBuilder:\n    return Crashing\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    grid = {**GRID, "seeds": 1, "methods": [{"name": "bad", "cell": "crashing:crashing"}]}
    with pytest.raises(TrialsCrashed, match=r"1 trial crashed:\n  1 x .*on purpose") as caught:
        seqbench.run(grid, results=tmp_path, workers=1, quiet=True)
    assert "RuntimeError: on purpose" in caught.value.tracebacks[0]
    assert len(caught.value.results.finished) == 0


def test_a_run_that_is_stopped_says_that_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: Any, **__: Any) -> Results:
        raise KeyboardInterrupt

    monkeypatch.setattr("seqbench.interactive.run.run_grid", stopped)
    with pytest.raises(KeyboardInterrupt):
        seqbench.run(GRID, results=tmp_path)
    assert "What has finished is kept" in capsys.readouterr().err


def test_nothing_to_train_is_said(tmp_path: Path) -> None:
    grid = {**GRID, "mitigations": ["forget_bias_init"]}
    with pytest.raises(UsageError, match="has nothing to train"):
        seqbench.run(grid, results=tmp_path, workers=1, quiet=True)


def test_importing_seqbench_imports_nothing_slow() -> None:
    program = (
        "import sys, seqbench\n"
        "assert not {'jax', 'flax', 'pandas', 'numpy', 'pydantic', 'rich', 'mlflow'} & set(sys.modules)\n"
        "assert callable(seqbench.plan) and callable(seqbench.report)\n"
        "assert not {'jax', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "import seqbench.plan.plan, seqbench.report\n"
        "assert callable(seqbench.plan) and callable(seqbench.report) and callable(seqbench.plan.plan.plan)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_is_there() -> None:
    assert {"run", "plan", "report", "figure", "probe", "load", "compare"} <= set(seqbench.__all__)
    assert all(callable(getattr(seqbench, name)) for name in set(seqbench.__all__) - {"__version__", "errors"})
    assert issubclass(seqbench.errors.GridError, seqbench.errors.SeqbenchError)
