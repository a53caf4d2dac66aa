"""A real PostgreSQL and a real MLflow server with accounts on loopback, which may be killed and started again.

The server's command and its file of accounts are those of `experiments/cluster/server`, at other addresses.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.ports import own_port

FILES = Path(__file__).parents[2] / "experiments" / "cluster" / "server"
USER, PASSWORD = "admin", "a long password"
SECRETS = {"PGPASSWORD": "of the database", "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
           "MLFLOW_FLASK_SERVER_SECRET_KEY": "signs forms"}  # fmt: skip
ACCOUNT = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
"""What a driver has in its environment."""


def postgresql(name: str) -> str | None:
    """A program of PostgreSQL; Debian keeps those of the server off the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


class Database:
    """A PostgreSQL cluster in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / "data", own_port()
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(folder, "postgres", "postgres")
        password = folder / "password"
        password.write_text(SECRETS["PGPASSWORD"])
        password.chmod(0o644)
        self._run("initdb", "-D", self.folder, "-U", "mlflow", "-A", "scram-sha-256", "--pwfile", password, "-N")
        self.start()
        self._run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "mlflow", "-d", "postgres",
                  "-c", "create database mlflow")  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it takes connections. What a killed one left running ends by itself first."""
        until(self._started, "PostgreSQL does not start")

    def kill(self) -> None:
        """End it as a crash does."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def is_dead(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def _started(self) -> bool:
        command = [*self._as_user, str(postgresql("postgres")), "-D", str(self.folder), "-p", str(self.port),
                   "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while self._process.poll() is None:
            with contextlib.suppress(subprocess.CalledProcessError):
                self._run(
                    "psql", "-h", "127.0.0.1", "-p", self.port, "-U", "mlflow", "-d", "postgres", "-c", "select 1"
                )
                return True
            time.sleep(0.1)
        return False

    def _run(self, program: str, *words: object) -> None:
        command = [*self._as_user, str(postgresql(program)), *map(str, words)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **SECRETS}, cwd="/")


class Server:
    """The MLflow server on such a database."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database, self.port = folder, database, own_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "mlflow.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), env=self._environment(), cwd=self.folder, stdout=log,
                                             stderr=log, start_new_session=True)  # fmt: skip
        until(self._answers, "MLflow does not start", seconds=300)

    def kill(self) -> None:
        """End it with its workers as a crash does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def is_dead(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError((self.folder / "mlflow.log").read_text()[-3000:])
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            return b" 200 " in connection.recv(100)
        return False

    def _command(self) -> list[str]:
        """That of the compose file, at addresses of this machine."""
        here = {"0.0.0.0": "127.0.0.1", "5000": str(self.port), "/artifacts": str(self.folder / "artifacts")}
        text = composed()["command"].replace("${SERVER_NAME:?set it in .env}", f"127.0.0.1:{self.port}")
        words = [self._local(here.get(word, word)) for word in shlex.split(text)]
        return [sys.executable, "-m", *words]

    def _environment(self) -> dict[str, str]:
        accounts = self.folder / "accounts.ini"
        accounts.write_text(self._local((FILES / "accounts.ini").read_text()))
        declared = {name: SECRETS.get(name, value) for name, value in composed()["environment"].items()}
        return {**os.environ, **declared, "MLFLOW_AUTH_CONFIG_PATH": str(accounts)}

    def _local(self, text: str) -> str:
        return text.replace("@database/", f"@127.0.0.1:{self.database.port}/")


def composed() -> Mapping[str, Any]:
    """The service `mlflow` of the compose file."""
    found: Mapping[str, Any] = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]["mlflow"]
    return found


@contextlib.contextmanager
def team_server() -> Iterator[Server]:
    """Both, running, in a folder that PostgreSQL's user can read."""
    with tempfile.TemporaryDirectory(prefix="seqbench-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "database").mkdir()
        database = Database(folder / "database")
        try:
            server = Server(folder, database)
            try:
                yield server
            finally:
                server.kill()
        finally:
            database.stop()


def until(condition: Callable[[], bool], problem: str, *, seconds: float = 60.0) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(problem)
        time.sleep(0.2)
