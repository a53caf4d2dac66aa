"""The MLflow UI itself: over HTTP, and in a real browser, opened on the printed link."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from seqbench.errors import TrackingError
from seqbench.tracking.client import connect, embedded_uri
from seqbench.tracking.mirror import mirror_snapshot
from seqbench.tracking.saved_view import runs_fragment
from seqbench.tracking.ui import find_chart_links, free_port, running_ui, serve_ui
from tests.tracking.frames import chart, grid, rows_in, snapshot

if TYPE_CHECKING:
    from playwright.sync_api import Page

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

METHODS = [f"method {place}" for place in range(12)]
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds a grid of twelve methods, two more than the page draws by itself, and has been moved since."""
    place = tmp_path_factory.mktemp("place")
    folder = place / "made"
    seeds = {name: {10: [1.0], 30: [0.5 + place / 24]} for place, name in enumerate(METHODS)}
    mirror_snapshot(snapshot(grid(seeds), folder / "toy"), embedded_uri(folder))
    return folder.rename(place / "moved")


@pytest.fixture(scope="module")
def address(results: Path) -> Iterator[str]:
    with running_ui(results, port=5300) as (address, _):
        yield address


def test_a_folder_without_a_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="seqbench track"):
        serve_ui(tmp_path)


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < free_port("127.0.0.1", port) < port + 50


@pytest.mark.server
def test_the_report_is_served_from_wherever_the_results_are(results: Path, address: str) -> None:
    client = connect(embedded_uri(results), results)
    experiment = client.get_experiment_by_name("toy: report")
    (run,) = client.search_runs([experiment.experiment_id])
    with urlopen(f"{address}/get-artifact?run_id={run.info.run_id}&path=report.html") as answer:
        assert answer.read() == b"<p>report</p>"
    listed = f"{address}/ajax-api/2.0/mlflow/artifacts/list?run_id={run.info.run_id}"
    with urlopen(listed) as answer:
        names = {one["path"] for one in json.load(answer)["files"]}
    assert names == {"report.html", "grid.yaml", "plan.json", "results.parquet", "curves.parquet"}


@pytest.mark.server
def test_mirroring_to_a_server_over_http_gives_the_same_and_twice_adds_nothing(
    results: Path, address: str, tmp_path: Path
) -> None:
    taken = snapshot(grid({"lstm": {10: [0.95], 30: [0.5]}}), tmp_path / "toy")
    remote = replace(taken.results, plan=replace(taken.results.plan, grid="remote"))
    taken = taken._replace(results=remote)
    first = mirror_snapshot(taken, address)
    before = rows_in(results / "mlflow.db")
    assert mirror_snapshot(taken, address) == first
    assert rows_in(results / "mlflow.db") == before
    assert first.uri == address
    assert [link.grid for link in find_chart_links(results)] == ["toy", "remote"]
    assert len(chart(results / "mlflow.db", "accuracy_vs_length")) == len(METHODS)


@pytest.mark.slow
@pytest.mark.server
def test_ctrl_c_ends_the_server_with_its_worker(results: Path) -> None:
    code = "import sys; from seqbench.tracking.ui import serve_ui; serve_ui(sys.argv[1], port=5400)"
    command = [sys.executable, "-u", "-c", code, str(results)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = [line for line in iter(process.stdout.readline, "Ctrl-C stops it.\n") if line]
        port = urlsplit(said[-1].removeprefix("All experiments: ")).port
        os.kill(process.pid, signal.SIGINT)
        rest = process.stdout.read()
    assert (process.returncode, rest) == (0, "")
    assert any(f"toy, adding: http://127.0.0.1:{port}/#/experiments/" in line for line in said)
    deadline = time.monotonic() + 10
    while free_port("127.0.0.1", port) != port and time.monotonic() < deadline:
        time.sleep(0.1)
    assert free_port("127.0.0.1", port) == port


@pytest.fixture
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no `chromium` on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport={"width": 1600, "height": 900})
        browser.close()


@pytest.mark.browser
def test_the_printed_link_shows_every_method_against_dependency_length(
    results: Path, address: str, page: Page, tmp_path: Path
) -> None:
    (link, *_) = find_chart_links(results)
    page.goto(address + link.fragment)
    card = page.locator(".js-plotly-plot").first
    card.locator(".scatterlayer .trace").first.wait_for(timeout=120_000)
    page.wait_for_timeout(2000)
    page.screenshot(path=tmp_path / "comparison.png")
    drawn = card.evaluate("plot => plot.data.map(line => [line.name, [...(line.x ?? [])], [...(line.y ?? [])]])")
    lines = {name: (x, y) for name, x, y in drawn if name in METHODS}
    assert sorted(lines) == sorted(METHODS)
    assert all(x == [10, 30] for x, _ in lines.values())
    assert lines["method 6"][1] == [1.0, 0.75]
    strokes = card.locator(".scatterlayer .js-line").evaluate_all("lines => lines.map(line => line.style.stroke)")
    assert len(set(strokes)) >= len(METHODS)
    assert card.evaluate("plot => plot.layout.xaxis.type") == "log"
    assert page.get_by_text("accuracy_vs_length", exact=True).first.is_visible()


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_of_trials_draws_the_norm_before_and_after_the_mitigations(
    results: Path, address: str, page: Page, tmp_path: Path
) -> None:
    client = connect(embedded_uri(results), results)
    experiment = client.get_experiment_by_name("toy: trials")
    page.goto(f"{address}{runs_fragment(experiment.experiment_id)}&compareRunsMode=CHART")
    page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    page.screenshot(path=tmp_path / "trials.png")
    read = "plot => [plot.layout.yaxis.type, plot.data.map(line => [[...(line.y ?? [])], line.line.dash])]"
    charts = page.locator(".js-plotly-plot").evaluate_all(f"plots => plots.map({read})")
    (lines,) = [lines for scale, lines in charts if scale == "log"]
    before, after = ([dash for values, dash in lines if values == norms] for norms in ([4.0, 2.0, 4 / 3], [1.0] * 3))
    assert len(before) == len(after) >= 10  # the page draws the first ten runs, and may draw a line in two layers
    assert set(before).isdisjoint(after)
