"""A tracking server for a team: real PostgreSQL, real MLflow with accounts, four drivers at once, and crashes of both.

Every trial is in MLflow once at the end, whatever was killed when.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqbench.errors import TrackingError
from seqbench.tracking.client import connect
from tests.tracking.driver import GRID, trials
from tests.tracking.frames import mirror_whole
from tests.tracking.team_server import ACCOUNT, PASSWORD, USER, Server, composed, postgresql, team_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.server,
    pytest.mark.skipif(postgresql("initdb") is None, reason="PostgreSQL (Debian's `postgresql`) is not installed"),
]
ROOT = Path(__file__).parents[2]
DRIVERS = 4
EVERY = {one["trial"] for one in trials()}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with team_server() as server:
        yield server


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)


def driver(folder: Path, server: Server, *, part: int, seconds: float) -> subprocess.Popen[str]:
    """A driver of a part of the grid, as a process."""
    words = [str(folder), server.address, str(part), str(DRIVERS), str(seconds)]
    return subprocess.Popen([sys.executable, "-m", "tests.tracking.driver", *words], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def finish(process: subprocess.Popen[str]) -> str:
    """What a process that ended well has printed."""
    said, problem = process.communicate(timeout=300)
    assert process.returncode == 0, problem
    return said


def active(server: Server, experiment: str, key: str) -> Counter[str]:
    """How many runs that are not deleted and whole there are of each key."""
    client = connect(server.address, ROOT)
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id], max_results=1000)
    assert {run.info.status for run in runs} == {"FINISHED"}
    return Counter(run.data.tags[key] for run in runs)


def require_whole(server: Server, planned: set[str] = EVERY) -> None:
    """0 missing, 0 doubled."""
    assert active(server, f"{GRID}: trials", "seqbench.trial") == Counter(planned)
    assert active(server, f"{GRID}: adding, comparison", "seqbench.method") == Counter(["lstm", "gru"])
    assert active(server, f"{GRID}: report", "seqbench.report") == Counter(["report"])


def forget(server: Server) -> None:
    """Delete what an earlier test has mirrored."""
    client = connect(server.address, ROOT)
    for experiment in client.search_experiments(filter_string=f"name LIKE '{GRID}:%'"):
        for run in client.search_runs([experiment.experiment_id], max_results=1000):
            client.delete_run(run.info.run_id)


def test_a_wrong_password_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another")
    with pytest.raises(TrackingError, match="401"):
        connect(server.address, ROOT)


def test_four_drivers_at_once_leave_every_trial_once(server: Server, tmp_path: Path) -> None:
    """Each mirrors a quarter of the grid while it finishes; then four mirror copies of one quarter at once."""
    forget(server)
    parts = [driver(tmp_path / str(part) / GRID, server, part=part, seconds=0.05) for part in range(DRIVERS)]
    for process in parts:
        finish(process)
    require_whole(server)
    forget(server)
    copies = [shutil.copytree(tmp_path / "0" / GRID, tmp_path / f"copy{part}" / GRID) for part in range(DRIVERS)]
    code = "import pathlib, sys; from tests.tracking.frames import mirror_whole as whole; "
    code += "whole(pathlib.Path(sys.argv[1]), sys.argv[2])"
    tracking = [subprocess.Popen([sys.executable, "-c", code, str(copy), server.address], cwd=ROOT) for copy in copies]
    assert [process.wait(300) for process in tracking] == [0] * DRIVERS
    require_whole(server, {path.stem for path in copies[0].glob("trials/*.json")})


@pytest.mark.parametrize("seed", [0, 1])
def test_killing_postgresql_and_mlflow_at_random_costs_no_trial(seed: int, server: Server, tmp_path: Path) -> None:
    """Training goes on through it, and `seqbench track` afterwards makes the mirror whole."""
    forget(server)
    folders = [tmp_path / str(part) / GRID for part in range(DRIVERS)]
    drivers = [driver(folder, server, part=part, seconds=2.0) for part, folder in enumerate(folders)]
    draw = random.Random(seed)
    while any(process.poll() is None for process in drivers):
        time.sleep(draw.uniform(0.5, 8.0))
        for killed in draw.choice([[server.database], [server], [server, server.database]]):
            killed.kill()
        time.sleep(draw.uniform(0.0, 3.0))
        server.database.start() if server.database.is_dead else None
        server.start() if server.is_dead else None
    for process in drivers:
        assert float(finish(process)) < 2.0
    assert sum(len(list(folder.glob("trials/*.json"))) for folder in folders) == len(trials())
    for folder in folders:
        assert mirror_whole(folder, server.address).not_mirrored == 0
    require_whole(server)


@pytest.mark.browser
def test_the_printed_link_shows_the_curves_to_whoever_has_an_account(server: Server, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no `chromium` on the PATH")
    from playwright.sync_api import sync_playwright

    folder = tmp_path / GRID
    finish(driver(folder, server, part=0, seconds=0.0))
    links = mirror_whole(folder, server.address)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(
            http_credentials={"username": USER, "password": PASSWORD}, viewport={"width": 1600, "height": 900}
        )
        page = context.new_page()
        page.goto(server.address + links.comparison["adding"])
        card = page.locator(".js-plotly-plot").first
        card.locator(".scatterlayer .trace").first.wait_for(timeout=120_000)
        page.wait_for_timeout(2000)
        page.screenshot(path=os.environ.get("SEQBENCH_PICTURE", tmp_path / "team.png"))
        drawn = card.evaluate("plot => plot.data.map(line => [line.name, [...(line.x ?? [])]])")
        browser.close()
    assert {name: x for name, x in drawn if name in ("lstm", "gru")} == {"lstm": [10, 30], "gru": [10, 30]}


def test_the_compose_file_names_the_versions_that_are_tested() -> None:
    from importlib.metadata import version

    image = composed()["build"]["dockerfile_inline"]
    for package in ("mlflow", "psycopg"):
        assert f"=={version(package)}'" in image.partition(package)[2].partition(" ")[0]
