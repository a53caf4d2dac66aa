"""Results folders of every earlier format, and incomplete ones: read, or put aside by name, in every command."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seqbench.commands.asked import Asked
from seqbench.commands.compare import compare
from seqbench.commands.report import report
from seqbench.commands.status import status
from seqbench.commands.track import track
from seqbench.components.assemble import assemble
from seqbench.errors import LeftOutWarning, StoreError
from seqbench.execution.known import environments_of, known, looked_at
from seqbench.execution.plan_content import plan_content
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.report.evidence import Evidence
from seqbench.stats.preregistration import declared_in
from seqbench.store import checkpoints, failures, plan_file, records, tables
from seqbench.store.checkpoints import UnusableCheckpoint, load_checkpoint
from seqbench.store.json_content import checksum
from seqbench.store.results import load
from seqbench.store.trials import TrialStore
from seqbench.training.program import Program

FORMATS = Path(__file__).parents[1] / "formats"
GRID = FORMATS / "tiny.yaml"
NAMES = sorted(path.name for path in FORMATS.iterdir() if path.is_dir())


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the results folder of a format."""
    return copied(request.param, tmp_path / "results" / "tiny")


every_format = pytest.mark.parametrize("folder", NAMES, indirect=True)


def copied(name: str, to: Path) -> Path:
    shutil.copytree(FORMATS / name, to)
    return to


def trial_of(folder: Path, kind: str) -> str:
    [path] = (folder / kind).iterdir()
    return path.stem


def test_there_is_a_folder_of_each_format_before_the_present_one() -> None:
    page = (FORMATS / "README.md").read_text()
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")
    ]
    assert [row[0] for row in rows] == NAMES
    current = (records.FORMAT, plan_file.FORMAT, tables.FORMAT, failures.FORMAT, checkpoints.FORMAT)
    kept = [{int(row[column]) for row in rows} for column in range(2, 7)]
    for version, there in zip(current, kept, strict=True):
        assert there >= set(range(version))
    for name, _, trials, planned, *_ in rows:
        [trial] = (FORMATS / name / "trials").iterdir()
        assert json.loads(trial.read_text()).get("format", 0) == int(trials)
        assert json.loads((FORMATS / name / "plan.json").read_text()).get("format", 0) == int(planned)


@every_format
def test_all_that_a_folder_holds_is_read(folder: Path) -> None:
    finished, crashed = trial_of(folder, "trials"), trial_of(folder, "failures")
    results = load(folder)
    assert (len(results.trials), list(results.finished["trial"])) == (2, [finished])
    assert list(results.curves["step"]) == [10, 20]
    assert "gradient_norm" in set(results.probes["probe"])
    assert results.failures[crashed].reason == "ValueError: boom"
    assert "line 7" in results.failures[crashed].traceback
    shutil.rmtree(folder / "trials")
    from_tables = load(folder)
    assert set(from_tables.finished["trial"]) == {finished, crashed}
    [row, same] = (each.finished.set_index("trial").loc[finished].dropna() for each in (results, from_tables))
    assert row.drop("probed").to_dict() == same.drop("probed", errors="ignore").to_dict()  # a column of later tables


@every_format
def test_a_checkpoint_of_another_format_is_refused_by_name(folder: Path) -> None:
    [path] = (folder / "checkpoints").iterdir()
    trial = plan(read_grid(GRID)).trials[0]
    assembly = assemble(trial.settings)
    like = Program(assembly).initial(trial.seed, assembly.chain)
    with pytest.raises(UnusableCheckpoint, match=r"another (environment|version)|has format 0|is not of this model"):
        load_checkpoint(path, like, owner="this trial")


@every_format
def test_every_command_goes_through(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status(Asked(str(GRID), folder.parent), as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["planned"], shown["damaged"]) == (2, 0)
    report(Asked("tiny", folder.parent))
    assert "1 of 2 trials finished" in (folder / "report.md").read_text()
    capsys.readouterr()
    compare(folder, folder, as_json=True)
    assert {row["difference"] for row in json.loads(capsys.readouterr().out)["differences"]} == {0}


class Ready(Exception):
    """Training would begin now."""


@every_format
def test_a_run_takes_over_the_folder(folder: Path) -> None:
    found: list[Any] = []

    def stop(current: Any, state: Any) -> None:
        found.append(state)
        raise Ready

    with pytest.raises(Ready):
        run_grid(read_grid(GRID), folder, workers=1, found=stop)
    [state] = found
    assert (state.planned, state.set_aside) == (2, ())
    assert json.loads((folder / "plan.json").read_text())["format"] == plan_file.FORMAT


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
def test_mlflow_takes_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        copied(name, tmp_path / "results" / name)
        track(Asked(name, tmp_path / "results"), tracking_uri=None)
        assert "holds all 1 finished trials" in capsys.readouterr().out


def places(content: Any, depth: int, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, down to a depth."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inner if depth else ():
        yield (*place, key)
        yield from places(value, depth - 1, (*place, key))


def changed(content: Any, place: tuple[Any, ...], change: str) -> Any:
    """A copy of a JSON value in which one place is gone, null or of another type."""
    copy = json.loads(json.dumps(content))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    if change == "gone":
        del inner[place[-1]]
    else:
        inner[place[-1]] = {"null": None, "text": "?", "list": [[]]}[change]
    return copy


CHANGES = pytest.mark.parametrize("change", ["gone", "null", "text", "list"])


@pytest.mark.parametrize(
    "change", ["gone", *(pytest.param(name, marks=pytest.mark.slow) for name in ("text", "null", "list"))]
)
@pytest.mark.parametrize(
    "folder", [*(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[:-1]), NAMES[-1]], indirect=True
)
def test_a_trial_file_that_lacks_anything_is_read_or_named(folder: Path, change: str) -> None:
    current = plan(read_grid(GRID))
    [path] = (folder / "trials").iterdir()
    whole = json.loads(path.read_text())
    outcomes = []
    for place in places(whole["record"], 3):
        if len(place) > 1 and place[0] in ("settings", "environment"):
            continue  # what may stand there is not fixed
        content = changed(whole["record"], place, change)
        path.write_text(json.dumps(whole | {"checksum": checksum(content), "record": content}))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            results = load(folder)
        named = [str(each.message) for each in said if each.category is LeftOutWarning]
        assert len(results.finished) + len(named) == 1
        assert all(str(path) in line for line in named)
        outcomes.append(bool(named))
        kept, aside = TrialStore(folder).read()
        assert len(aside) == len(named)
        finished = [known(record) for record in kept]
        assert looked_at(finished).shape[0] == len(kept)
        assert plan_content(current, environments_of(finished)).trials
    assert {True, False} == set(outcomes)


@CHANGES
@every_format
def test_a_plan_that_lacks_anything_is_read_or_refused_by_name(folder: Path, change: str) -> None:
    path = folder / "plan.json"
    whole = json.loads(path.read_text())
    body = {name: value for name, value in whole.items() if name not in ("format", "checksum")}
    head = {"format": whole["format"]} if "format" in whole else {}
    read = refused = 0
    for place in places(body, 3):
        content = changed(body, place, change)
        stated = {"checksum": checksum(content)} if "checksum" in whole else {}
        path.write_text(json.dumps(head | stated | content))
        try:
            declared_in(load(folder).plan)
        except StoreError as error:
            refused += "plan.json" in str(error)
        else:
            read += 1
    assert read + refused == sum(1 for _ in places(body, 3))
    assert read
    assert refused or change == "gone"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES[-1:])
def test_a_report_is_computed_from_a_plan_that_lacks_anything(tmp_path: Path, name: str) -> None:
    folder = copied(name, tmp_path / "tiny")
    path = folder / "plan.json"
    whole = json.loads(path.read_text())
    body = {name: value for name, value in whole.items() if name not in ("format", "checksum")}
    for place in body:
        content = changed(body, (place,), "gone")
        path.write_text(json.dumps({"format": whole["format"], "checksum": checksum(content)} | content))
        evidence = Evidence(load(folder))
        assert len(evidence.comparison.counts) == (0 if place == "trials" else 2)


@CHANGES
@every_format
def test_a_failure_that_lacks_anything_has_a_reason_all_the_same(folder: Path, change: str) -> None:
    [path] = (folder / "failures").iterdir()
    whole = json.loads(path.read_text())
    for place in places(whole, 1):
        path.write_text(json.dumps(changed(whole, place, change)))
        [failure] = TrialStore(folder).read_failures().values()
        assert failure.reason
        assert isinstance(failure.traceback, str)
