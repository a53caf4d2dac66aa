"""`seqbench ui`: the MLflow UI on the embedded store."""

from __future__ import annotations

import contextlib
from pathlib import Path

from seqbench.commands.console import out
from seqbench.commands.interrupt import Interrupted
from seqbench.tracking.ui import serve_ui


def ui(name: str | None, results: Path, *, port: int) -> None:
    """Serve the UI until Ctrl-C."""
    with contextlib.suppress(Interrupted):
        serve_ui(results, port=port, grid=Path(name).stem if name else None, echo=out().print)
