"""Two grids of one name: the second is refused; a grid that was moved, edited or run again is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqbench.errors import UsageError
from seqbench.store.ownership import require_own
from seqbench.store.plan_file import PlanFile, write_plan
from seqbench.store.records import Record
from seqbench.store.trial_label import TrialLabel
from seqbench.store.trials import TrialStore

QUESTION = "Does clipping help?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The results of a grid that plans a and b, of which a has finished, as has c of an earlier version."""
    folder = tmp_path / "results" / "clip"
    folder.mkdir(parents=True)
    label = TrialLabel(method="gru", task="adding", length=10, seed=0, learning_rate=1e-3, purpose="reporting")
    write_plan(folder, PlanFile(question=QUESTION, trials={"a": label, "b": label}))
    for trial in ("a", "c"):
        TrialStore(folder).write(Record(trial, {}, {"outcome": "solved", "steps": 1}, {}, [], [], [], None))
    return folder


def test_another_grid_of_the_same_name_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        require_own(folder, question="How long\nis a gate's memory?", trials={"x", "y"})
    said = str(caught.value)
    assert f"{folder} holds the results of another grid" in said
    assert f"asks: {QUESTION} This one asks: How long is a gate's memory? They share no trial." in said
    assert "--results" in said
    assert caught.value.exit_code == 2


def contents(folder: Path) -> dict[Path, bytes]:
    """All that lies in a folder: who may go on there finds it untouched."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("question", "trials"),
    [
        (QUESTION, {"a", "b"}),  # run again, wherever the clone lies now
        ("Does clipping really help?", {"a", "b", "d"}),  # reworded, with more trials
        ("  does clipping\n help? ", {"x"}),  # other steps change every trial
        ("Another wording", {"b", "x"}),
        ("Another wording", {"c"}),  # back to the earlier version
    ],
)
def test_the_same_grid_goes_on(question: str, trials: set[str], folder: Path) -> None:
    before = contents(folder)
    require_own(folder, question=question, trials=trials)
    assert contents(folder) == before


def test_a_clone_that_holds_only_tables_is_known_by_its_plan(folder: Path) -> None:
    for path in (folder / "trials").iterdir():
        path.unlink()
    require_own(folder, question="Another wording", trials={"b"})
    with pytest.raises(UsageError):
        require_own(folder, question="Another wording", trials={"c"})


@pytest.mark.parametrize("content", [None, "{", json.dumps({"question": QUESTION, "trials": {}})])
def test_a_folder_without_a_plan_is_anybodys(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "plan.json").write_text(content)
    before = contents(tmp_path)
    require_own(tmp_path, question="Any", trials={"x"})
    assert contents(tmp_path) == before
