"""verify, retry and why: trials that are trained again, beside their results; and what makes a trial."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from seqbench.commands.asked import Asked
from seqbench.commands.retry import retry
from seqbench.commands.verify import verify
from seqbench.commands.why import why
from seqbench.errors import NotReproduced, OtherEnvironment, UsageError
from seqbench.execution.reproduce import changed_environment, spread
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.store.failures import Failure
from seqbench.store.results import load
from seqbench.store.trials import TrialStore

GRID = """
question: The same again?
tasks: [delayed_recall]
lengths: [2]
seeds: 2
model: {stacked: {width: 4}}
training: {steps: 30, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 256}
methods:
  - {name: plain, cell: vanilla}
  - {name: exploding, cell: vanilla, training: {learning_rate: 1.0e+38}}
"""


@pytest.fixture(autouse=True, scope="module")
def _hasty(hasty_workers):
    """Trials of a few steps: their workers compile in half the time."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a grid and the results of its four trials, two of which diverged."""
    place = tmp_path_factory.mktemp("trained")
    (place / "again.yaml").write_text(GRID)
    results = run_grid(read_grid(place / "again.yaml"), place / "results" / "again", workers=1)
    assert Counter(results.finished.loc[results.finished["method"] == "exploding", "outcome"]) == {"diverged": 2}
    return place


@pytest.fixture
def place(trained, tmp_path):
    """A copy of it."""
    return shutil.copytree(trained, tmp_path / "copy")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def trials_of(place: Path, method: str) -> list[str]:
    finished = load(place / "results" / "again").finished
    return sorted(finished.loc[finished["method"] == method, "trial"])


def alter(place: Path, trial: str, *, loss: float = 1.0, **environment: str) -> None:
    """Multiply the loss that is kept of a trial, and say that it was trained elsewhere."""
    store = TrialStore(place / "results" / "again")
    [record] = [each for each in store.read()[0] if each.trial == trial]
    row = record.row | {"loss": record.row["loss"] * loss} | ({"environment": "00000000"} if environment else {})
    store.write(replace(record, row=row, environment=record.environment | environment))


def test_every_trial_gives_the_same_bits_and_nothing_is_written(place, capsys):
    before = contents(place)
    verify(Asked(str(place / "again.yaml"), place / "results"), number=100, trial=None, workers=1, as_json=False)
    said = capsys.readouterr().out
    assert said.count("same bits") == 5
    assert said.endswith("4 trials trained again to the same bits.\n")
    assert contents(place) == before


def test_other_numbers_are_told_with_their_size_and_where_the_environment_differs(place, capsys):
    first, second = trials_of(place, "plain")
    alter(place, first, loss=1.25)
    alter(place, second, loss=1.25, jax="0.0.1")
    run_grid(read_grid(place / "again.yaml"), place / "results" / "again", workers=1)  # the plan takes in environments
    arguments = {"number": None, "workers": 1}
    with pytest.raises(NotReproduced, match="1 of 1 trial gave other numbers in the same environment") as here:
        verify(Asked(str(place / "again.yaml"), place / "results"), trial=first[:8], as_json=True, **arguments)
    [found] = json.loads(capsys.readouterr().out)
    assert found["relative_difference"] == pytest.approx(0.2)
    assert (found["trial"], found["where"], found["same_bits"], found["environment"]) == (first, "loss", False, {})
    with pytest.raises(OtherEnvironment) as elsewhere:
        verify(Asked(str(place / "again.yaml"), place / "results"), trial=second, as_json=False, **arguments)
    assert "trained in another environment (jax was 0.0.1, is " in (said := capsys.readouterr().out)
    assert "within 0.2: loss was" in said
    assert (here.value.exit_code, elsewhere.value.exit_code) == (5, 6)


def test_a_folder_of_tables_alone_is_verified_too(place, capsys):
    shutil.rmtree(place / "results" / "again" / "trials")
    before = contents(place)
    [trial, _] = trials_of(place, "exploding")
    verify(Asked(str(place / "again.yaml"), place / "results"), number=None, trial=trial, workers=1, as_json=False)
    assert "same bits" in capsys.readouterr().out
    assert contents(place) == before


def test_retry_trains_what_crashed_and_no_other(place, capsys):
    folder = place / "results" / "again"
    store = TrialStore(folder)
    crashed, missing = trials_of(place, "plain")
    whole = store.read()[0]
    for trial in (crashed, missing):
        (store.trials / f"{trial}.json").unlink()
    store.write_failure(crashed, Failure("ValueError: at first"))
    arguments = {"tracking": False, "tracking_uri": None, "workers": 1, "quiet": True}
    retry(Asked(str(place / "again.yaml"), place / "results"), diverged=False, again="", **arguments)
    assert {record.trial for record in store.read()[0]} == {record.trial for record in whole} - {missing}
    assert store.read_failures() == {}
    capsys.readouterr()
    retry(Asked(str(place / "again.yaml"), place / "results"), diverged=False, again="", **arguments)
    assert "nothing to try again" in capsys.readouterr().out


def test_a_diverged_trial_diverges_again_and_its_result_stays(place, capsys):
    before = contents(place)
    asked = Asked(str(place / "again.yaml"), place / "results")
    retry(asked, diverged=True, again="", tracking=False, tracking_uri=None, workers=1, quiet=False)
    said = capsys.readouterr().out
    assert said.count("same bits") == 2
    assert "plain" not in said
    assert "2 of 2 trials diverged again at the same step. The results stay as they are." in said
    assert contents(place) == before


def test_why_shows_settings_or_what_differs(place, capsys):
    grid, results = str(place / "again.yaml"), place / "results"
    first, second = trials_of(place, "plain")
    [diverged, _] = trials_of(place, "exploding")
    why(Asked(grid, results), first[:8], None, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["trial"], found["settings"]["task.length"], found["other"]) == (first, 2, None)
    why(Asked(grid, results), first, second, as_json=True)
    assert json.loads(capsys.readouterr().out)["differences"].keys() == {"seed"}
    why(Asked(grid, results), first, diverged, as_json=False)
    assert "learning_rate" in (said := capsys.readouterr().out)
    assert "finished (diverged)" in said


@pytest.mark.parametrize("tables_alone", [False, True])
def test_why_a_finished_trial_is_not_used_again(tables_alone, place, capsys):
    grid, results = place / "again.yaml", place / "results"
    if tables_alone:
        shutil.rmtree(results / "again" / "trials")
    [first, _] = trials_of(place, "plain")
    grid.write_text(GRID.replace("width: 4", "width: 8"))
    why(Asked(str(grid), results), first, None, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["state"].endswith("no longer planned")
    assert found["differences"] == {"model.width": {"one": "4", "other": "8"}}
    if not tables_alone:
        why(Asked(str(grid), results), found["other"], None, as_json=True)
        back = json.loads(capsys.readouterr().out)
        assert (back["state"].rpartition("; ")[2], back["other"]) == ("yet to train", first)


def test_a_trial_that_is_none_is_refused(place):
    with pytest.raises(UsageError, match="no trial 'xyz'"):
        why(Asked(str(place / "again.yaml"), place / "results"), "xyz", None, as_json=False)
    with pytest.raises(UsageError, match="no trial 'xyz'"):
        verify(Asked(str(place / "again.yaml"), place / "results"), number=None, trial="xyz", workers=1, as_json=False)


def test_few_trials_are_spread_over_methods_lengths_and_purposes(read):
    text = GRID.replace("lengths: [2]", "lengths: [2, 3, 4]").replace("seeds: 2", "seeds: 5")
    trials = plan(read(text)).trials
    chosen = spread(trials, 6)
    assert len({(trial.method, trial.length) for trial in chosen}) == 6
    assert {trial.method for trial in spread(trials, 2)} == {"plain", "exploding"}
    assert spread(reversed(trials), 6) == chosen
    assert len(spread(trials, 100)) == len(trials) == 30


def test_an_environment_differs_in_what_was_changed_added_or_not_recorded():
    found = changed_environment({"jax": "1", "python": "3"}, {"jax": "2", "python": "3", "device": "cpu"})
    assert found == {"jax": ("1", "2"), "device": ("not recorded", "cpu")}
