"""The files of an MLflow run: given to its server, or written below the results.

Of a store that is a file, MLflow would write wherever the database says, with absolute paths: into the folder that a
copy was made of, or anywhere if somebody else wrote it. So the database only holds locations relative to what the
server serves, `seqbench ui` serves the folder beside the database, and files are written there without asking MLflow.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from seqbench.errors import StoreError, TrackingError
from seqbench.store import atomic
from seqbench.tracking.client import SQLITE, artifact_root

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

LOCATION = "mlflow-artifacts:/seqbench"
"""Location of an experiment whose files lie in the folder `seqbench` of what the server serves."""

FILES = "artifacts"
RUN_ID = re.compile(r"[0-9a-f]{32}")


class Artifacts(Protocol):
    """Where the files of runs go.

    location: what an experiment is told when it is created; None lets the server decide
    """

    location: str | None

    def fits(self, run: Run) -> bool:
        """Whether the run expects its files where they are written."""

    def lacks(self, run_id: str, names: set[str]) -> bool:
        """Whether any of these files is known to be absent."""

    def write(self, run_id: str, name: str, content: bytes) -> None:
        """Keep a file of a run; `name` may hold folders."""


class OwnArtifacts:
    """Files in a folder beside the database."""

    location: str | None = LOCATION

    def __init__(self, root: Path) -> None:
        """`root` is the folder that `seqbench ui` serves; it need not exist."""
        self.root = root

    def fits(self, run: Run) -> bool:
        """Whether the run's location is the one below `LOCATION`, and its name one that MLflow gives."""
        run_id = run.info.run_id
        return bool(RUN_ID.fullmatch(run_id)) and run.info.artifact_uri == f"{LOCATION}/{run_id}/{FILES}"

    def lacks(self, run_id: str, names: set[str]) -> bool:
        """Whether any of these files is absent, as in a copy that left this folder out."""
        return not all((self._folder(run_id) / name).is_file() for name in names)

    def write(self, run_id: str, name: str, content: bytes) -> None:
        """Write a file. Raises StoreError: the disk refuses, or a link is in the way."""
        path = self._folder(run_id) / name
        folder = path.parent
        while folder != self.root.parent:
            if folder.is_symlink():
                raise StoreError(f"{folder} is a link: nothing is written through it. Move it away, then run again.")
            folder = folder.parent
        atomic.write_bytes(path, content)

    def _folder(self, run_id: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise TrackingError(f"The store beside {self.root} holds a run {run_id!r}, which is no name of a run.")
        return self.root / PurePosixPath(LOCATION.partition(":/")[2]) / run_id / FILES


class SentArtifacts:
    """Files that MLflow's client uploads to where a server keeps them."""

    def __init__(self, client: MlflowClient, location: str | None) -> None:
        """`location` is as in `Artifacts`."""
        self.client, self.location = client, location

    def fits(self, run: Run) -> bool:
        """Always: the server knows."""
        return True

    def lacks(self, run_id: str, names: set[str]) -> bool:
        """Never known: asking costs as much as uploading."""
        return False

    def write(self, run_id: str, name: str, content: bytes) -> None:
        """Upload a file."""
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / PurePosixPath(name).name
            path.write_bytes(content)
            parent = PurePosixPath(name).parent
            self.client.log_artifact(run_id, str(path), None if parent == PurePosixPath() else str(parent))


def require_no_links(root: Path) -> None:
    """Refuse a folder of artifacts with a link in it, which a server would follow.

    Raises:
        StoreError: names the link.
    """
    inner = (Path(place, name) for place, folders, files in os.walk(root) for name in (*folders, *files))
    if found := next((path for path in (root, *inner) if path.is_symlink()), None):
        raise StoreError(f"{found} is a link, which MLflow would follow. Move it away, then try again.")


def artifacts_of(client: MlflowClient, uri: str, results_dir: Path | str) -> Artifacts:
    """Where the files of a store's runs go."""
    root = artifact_root(uri, results_dir)
    if root is not None and uri.startswith(SQLITE):
        return OwnArtifacts(root)
    return SentArtifacts(client, None if root is None else str(root))
