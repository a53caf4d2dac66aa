"""The MLflow UI on the database beside the results: on this machine only, in one worker, opened on the charts.

It is not meant as a shared server: it has no accounts, allowed hosts or TLS.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from seqbench.errors import TrackingError
from seqbench.invocation import UI_HOST, UI_PORT, command, kept_in
from seqbench.tracking.artifacts import require_no_links
from seqbench.tracking.client import (
    ARTIFACTS,
    DATABASE,
    SQLITE,
    artifact_root,
    connect,
    embedded_uri,
    set_environment,
    translated,
)
from seqbench.tracking.saved_view import comparison_fragment, experiments_fragment

PORTS_TRIED = 50
STARTUP_SECONDS = 300.0  # a busy machine needs minutes for what takes ten seconds on a quiet one
STOP_SECONDS = 10.0


class ChartLink(NamedTuple):
    """One comparison page: `fragment` follows the address of the server."""

    grid: str
    task: str
    fragment: str


def serve_ui(
    results_dir: Path | str,
    host: str = UI_HOST,
    port: int = UI_PORT,
    *,
    grid: str | None = None,
    uri: str | None = None,
    echo: Callable[[str], None] = print,
) -> None:
    """Serve the MLflow UI until Ctrl-C, and print the address of every comparison chart, or of those of one grid.

    Args:
        results_dir: where the store is, unless `uri` names another.
        host: the address that the server listens on.
        port: the first port that is tried.
        grid: the one grid of which charts are printed.
        uri: address of a database, such as `sqlite:////data/mlflow.db`.
        echo: called with each line.

    Raises:
        TrackingError: there is no store, it cannot be read, or the server does not start.
    """
    links = [link for link in find_chart_links(results_dir, uri) if grid in (None, link.grid)]
    if grid is not None and not links:
        again = command("track", grid, *kept_in(Path(results_dir)), *(("--tracking-uri", uri) if uri else ()))
        raise TrackingError(f"{uri or f'The store in {results_dir}'} has no grid {grid}. Mirror it first: {again}")
    echo("Starting MLflow, which takes about ten seconds ...")
    with contextlib.suppress(KeyboardInterrupt), running_ui(results_dir, host, port, uri=uri) as (address, server):
        for link in links:
            echo(f"{link.grid}, {link.task}: {address}{link.fragment}")
        echo(f"All experiments: {address}{experiments_fragment()}")
        echo("Ctrl-C stops it.")
        server.wait()
        raise TrackingError(f"The MLflow server ended unexpectedly with exit code {server.returncode}.")


def find_chart_links(results_dir: Path | str, uri: str | None = None) -> list[ChartLink]:
    """The comparison pages that the store in `results_dir`, or at `uri`, holds, in the order of their creation.

    Raises:
        TrackingError: there is no store, or it cannot be read.
    """
    if uri is not None and "sql" not in uri.partition(":")[0]:
        raise TrackingError(f"{uri} is no database. If it is a server, open its address in a browser.")
    file = Path(uri.removeprefix(SQLITE) if uri else Path(results_dir) / DATABASE)
    if (uri is None or uri.startswith(SQLITE)) and not file.is_file():
        raise TrackingError(f"There is no MLflow store {file}. `seqbench run` and `seqbench track` write one.")
    uri = uri or embedded_uri(results_dir)
    client = connect(uri, results_dir)
    with translated(uri):
        found = client.search_experiments(
            filter_string="tags.`seqbench.kind` = 'comparison'", order_by=["creation_time"]
        )
    return [
        ChartLink(
            one.tags.get("seqbench.grid", ""), one.tags.get("seqbench.task", ""), comparison_fragment(one.experiment_id)
        )
        for one in found
    ]


@contextmanager
def running_ui(
    results_dir: Path | str, host: str = UI_HOST, port: int = UI_PORT, *, uri: str | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a running UI server and its process; it is stopped at the end.

    port: the first one tried; the next free one is taken

    Raises:
        TrackingError: the server does not start. StoreError: there is a link among the artifacts.
    """
    port = free_port(host, port)
    folder = Path(results_dir).resolve()
    require_no_links(_served(folder, uri))
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            _command(folder, host, port, uri), cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,  # Ctrl-C reaches this process, which stops the server
        )  # fmt: skip
        try:
            address = f"http://{host}:{port}"
            _wait_until_up(server, address, log)
            yield address, server
        finally:
            _stop(server)


def free_port(host: str, first: int) -> int:
    """The first free port at or after `first`.

    Raises:
        TrackingError: none of the next fifty is free.
    """
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise TrackingError(f"No free port on {host} from {first} to {first + PORTS_TRIED - 1}; name another with --port.")


def _served(folder: Path, uri: str | None) -> Path:
    """The folder in which a server on the database at `uri`, or on the embedded one, looks for the files of runs."""
    return artifact_root(uri or embedded_uri(folder), folder) or folder / ARTIFACTS


def _command(folder: Path, host: str, port: int, uri: str | None) -> list[str]:
    return [
        sys.executable, "-m", "mlflow", "server",
        "--backend-store-uri", uri or embedded_uri(folder),
        "--artifacts-destination", str(_served(folder, uri)),  # wherever this is now: runs name no absolute place
        "--host", host,
        "--port", str(port),
        "--workers", "1",
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    """MLflow terse, and without its job runner: two processes and 0.5 GB in place of fifteen and 2.7 GB."""
    set_environment()
    # Its log is shown if it does not start, so errors may be logged.
    other = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_BACKEND_STORE_URI", "MLFLOW_LOGGING_LEVEL")
    kept = {name: value for name, value in os.environ.items() if name not in other}
    return {**kept, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_LOGGING_LEVEL": "ERROR"}


def _wait_until_up(server: subprocess.Popen[bytes], address: str, log: IO[bytes]) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    log.seek(0)
    output = "\n".join(log.read().decode(errors="replace").strip().splitlines()[-10:])
    raise TrackingError(f"The MLflow server did not start at {address}:\n{output}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and its worker, which share a process group."""
    for order in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, order)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
            return
