"""`seqbench ui`: the MLflow UI on the store beside the results, or on another database."""

from __future__ import annotations

import contextlib
from pathlib import Path

from seqbench.commands.asked import Asked
from seqbench.commands.console import out
from seqbench.commands.interrupt import Interrupted
from seqbench.tracking.ui import serve_ui


def ui(asked: Asked | None, results: Path, *, port: int, tracking_uri: str | None) -> None:
    """Serve the UI until Ctrl-C."""
    grid = asked.folder_name if asked else None
    with contextlib.suppress(Interrupted):
        serve_ui(results, port=port, grid=grid, uri=tracking_uri, echo=out().print)
