"""Where the MLflow mirror goes, and how it is opened without noise, telemetry or a race.

MLflow takes seconds to import, so it is imported inside the functions that need it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit, urlunsplit

from seqbench.errors import TrackingError
from seqbench.tracking.database import DATABASE, SQLITE, database_file, opening, unusable

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACTS = "mlartifacts"

ADDRESS_CHARACTERS = "%?#"
"""Where a path holds them, MLflow and SQLAlchemy disagree about what the file is called."""

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Errors are reported in one line; MLflow would print a page before raising. Also silences Alembic.
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
}


UNANSWERED = ("does not answer in time", "cannot be reached")


class Unanswered(TrackingError):
    """A server that cannot be reached, or that does not answer in time."""


class Patience:
    """Timeout and retries of one HTTP request; MLflow's defaults block for four minutes."""

    LIVE: ClassVar = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "8", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    """While trials train: the next pass is the retry."""

    TRACK: ClassVar = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    """For `seqbench track`. A request that is sent twice may make two runs of one trial."""


def resolve_uri(results_dir: Path | str, tracking_uri: str | None = None) -> str:
    """Where to mirror: what was asked for, else `MLFLOW_TRACKING_URI`, else a SQLite database in `results_dir`."""
    return tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or embedded_uri(results_dir)


def embedded_uri(results_dir: Path | str) -> str:
    """The SQLite database beside the results.

    Raises:
        TrackingError: the folder's path holds a character that MLflow takes for a part of an address, and would put the
            database or the artifacts elsewhere.
    """
    path = str(Path(results_dir).resolve() / DATABASE)
    if found := [character for character in ADDRESS_CHARACTERS if character in path]:
        raise TrackingError(
            f"MLflow cannot keep a store in a folder whose path holds {' '.join(found)!r}: {path}. Rename it, or name "
            "another folder with --results; --no-tracking does without MLflow"
        )
    return f"{SQLITE}{path}"


def artifact_root(uri: str, results_dir: Path | str) -> Path | None:
    """Absolute folder for artifacts; None where the server decides.

    MLflow's own default is a folder below the current directory, which differs from call to call.
    """
    folder = database_folder(uri, results_dir)
    return folder and folder / ARTIFACTS


def database_folder(uri: str, results_dir: Path | str) -> Path | None:
    """The absolute folder of a store that is a database: of its file, or that of the results; None for a server."""
    if uri.startswith(SQLITE):
        return database_file(uri).parent
    if "sql" in urlsplit(uri).scheme:  # a database server: postgresql, mysql, mssql keep no files
        return Path(results_dir).resolve()
    return None


def without_password(uri: str) -> str:
    """The URI as it may be shown."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else uri


_written: dict[str, str] = {}
"""What `set_environment` has set and may change again; values set by the user are kept."""


def set_environment(patience: Mapping[str, str] = Patience.LIVE) -> None:
    """Make MLflow silent and its requests bounded; it reads its settings from the environment only."""
    for name, value in {**QUIET, **patience}.items():
        if os.environ.get(name) in (None, _written.get(name)):
            os.environ[name] = _written[name] = value


def connect(uri: str, results_dir: Path | str, patience: Mapping[str, str] = Patience.LIVE) -> MlflowClient:
    """A client of a store that answers.

    Raises:
        TrackingError: the store cannot be opened or the server does not answer.
        StoreError: a link, pipe or device stands in the place of the database's file.
    """
    set_environment(patience)
    from mlflow import MlflowClient

    # With retries, urllib3 would print a line for each on the user's terminal.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    with translated(uri), opening(uri, database_folder(uri, results_dir)):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Whatever MLflow, its database or its server raises becomes a `TrackingError` that names the store."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:  # requests' errors are OSErrors
        problem = f"MLflow at {without_password(uri)} {(fault := _fault(error, uri))}"
        raise (Unanswered if fault in UNANSWERED else TrackingError)(problem) from error


def described(error: Exception, uri: str) -> str:
    """Any error in one line: a `TrackingError` says enough itself, another is named with its kind."""
    if isinstance(error, TrackingError):
        return str(error)
    first = next(iter(str(error).strip().splitlines()), "no reason given")
    return f"The MLflow mirror at {without_password(uri)} failed: {type(error).__name__}: {_without_secret(first, uri)}"


def _fault(error: BaseException, uri: str) -> str:
    """What went wrong, in one line that holds no password."""
    from requests.exceptions import ConnectionError as Unreachable
    from requests.exceptions import Timeout
    from urllib3.exceptions import ReadTimeoutError

    causes: list[BaseException] = [error]  # MLflow wraps the error of its connection in a paragraph of advice
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    if any(isinstance(cause, (Timeout, ReadTimeoutError)) for cause in causes):
        return UNANSWERED[0]
    if any(isinstance(cause, Unreachable) for cause in causes):
        return UNANSWERED[1]
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)
    if uri.startswith(SQLITE) and (advice := unusable(first, database_file(uri))):
        return f"failed: {first.rstrip('.')}. {advice}"
    return f"failed: {_without_secret(first, uri).rstrip('.')}"


def _without_secret(text: str, uri: str) -> str:
    """`text` without the user and password of the address."""
    secret = urlsplit(uri).netloc.rpartition("@")[0]
    return text.replace(f"{secret}@", "") if secret else text
