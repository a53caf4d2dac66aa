"""What the tests of faults share: commands, a grid of eight trials, and counts.

Every test is written once for two sizes: `@sizes(few, many)` runs it with `few` always and with `many` where
`-m nightly` selects it. The counts of nightly runs are kept in the folder that `SEQBENCH_FAULTS` names, a file for each
test; a test whose file is there already is skipped, so that a run which was stopped goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.commands import Commands, options, served
from tests.faults.scene import RECORDED, TINY, Scene, numbers
from tests.faults.tally import Tally, counted, folder_of_counts


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    if not shutil.which("cc"):
        pytest.skip("no C compiler: faults of files are injected by a small library in C")
    folder = tmp_path_factory.mktemp("faults")
    with served(folder, folder / "cache") as commands:
        yield commands


@pytest.fixture(scope="session")
def finished(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the replayed grid after a run without faults."""
    results = tmp_path_factory.mktemp("finished")
    done = commands.run("run", TINY, *options(results), replay=str(RECORDED))
    assert done.code == 0, done.said
    commands.compute_report(results / TINY.stem)
    return results / TINY.stem


@pytest.fixture
def scene(commands: Commands, finished: Path, tmp_path: Path) -> Scene:
    return Scene(commands, tmp_path / "results", numbers(finished), set(json.loads(RECORDED.read_text())))


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Callable[..., Tally]]:
    """Makes the counts of a row; at the end of the test they are kept and must hold nothing bad."""
    made: list[Tally] = []
    folder = folder_of_counts() if request.node.get_closest_marker("nightly") else None

    def make(row: str, part: str = "") -> Tally:
        tally = Tally(row, part)
        if folder and counted(tally, folder):
            pytest.skip(f"{tally.name} has been counted; remove its counts in {folder} to count again")
        made.append(tally)
        return tally

    yield make
    if not getattr(request.node, "came_to_its_end", False):
        return
    for tally in made:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / tally.name).write_text(tally.encode())
        tally.check()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    if call.when == "call":
        item.came_to_its_end = outcome.get_result().passed
