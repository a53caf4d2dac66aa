"""The arguments that several commands share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from seqbench.errors import UsageError
from seqbench.execution.machine import LOCAL, cores


def run_options(*, tracking: bool, tracking_uri: str | None, workers: int | None, on: str = LOCAL) -> list[str]:
    """How these were typed, for a command that is printed: nothing of what is so by default."""
    options = [] if tracking else ["--no-tracking"]
    options += ["--tracking-uri", tracking_uri] if tracking_uri else []
    options += ["--on", on] if on != LOCAL else []
    default = cores() if on == LOCAL else None
    return [*options, *(["--workers", str(workers)] if workers not in (None, default) else [])]


def workers_of(given: int | None, on: str) -> int | None:
    """Workers at most, as they were asked for: by default one a core here, and as many as there is room elsewhere."""
    return cores() if given is None and on == LOCAL else given


def limit_options(minutes: float | None) -> list[str]:
    """The time limit of a trial as it was typed; nothing if it is the default."""
    return ["--time-limit", f"{minutes:g}"] if minutes else []


ABSENT: tuple[object, ...] = (None, "", [], ())
"""Values of options that were not typed, beside False."""


def tracking_of(tracking_uri: str | None, *, no_tracking: bool) -> str | None:
    """The server that results are mirrored to; None for the default, or if they are not.

    Raises:
        UsageError: a server is given, and nothing is to be mirrored.
    """
    if no_tracking:
        require_unused({"--tracking-uri": tracking_uri}, "With --no-tracking nothing is mirrored")
    return tracking_uri


def require_unused(options: Mapping[str, Any], reason: str) -> None:
    """Refuse options that the command would not look at.

    Args:
        options: what was typed, by option; `ABSENT` or False is what was not.
        reason: why they would not be looked at.

    Raises:
        UsageError: names those that were typed.
    """
    if typed := [option for option, value in options.items() if value is not False and value not in ABSENT]:
        raise UsageError(f"{reason}: leave out {', '.join(typed)}")


def refuse_code(wanted: bool) -> None:
    """Let this process and its workers import no code that a grid names."""
    if wanted:
        from seqbench.components.own_code import OFF, VARIABLE

        os.environ[VARIABLE] = OFF


GridName = Annotated[str, typer.Argument(metavar="GRID", help="A grid file, or the name of a shipped grid.")]
Results = Annotated[Path, typer.Option("--results", help="Folder that holds one folder of results a grid.")]
TrackingUri = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri", help="MLflow tracking server. Default: MLFLOW_TRACKING_URI, else a local SQLite file."
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Workers at once; by default one a core.")]
On = Annotated[
    str,
    typer.Option(
        metavar="PLACE",
        help="Where workers run: local, ray for the Ray cluster that this machine belongs to, or ray://HOST:PORT.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
NoCode = Annotated[
    bool,
    typer.Option("--no-code", callback=refuse_code, help="Refuse a grid that names code of its own, module:function."),
]
"""Acts as it is read, before the command."""
Family = Literal["tasks", "cells", "models", "mitigations", "optimizers", "schedules", "probes"]
Listed = Literal[Family, "grids"]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a value of the grid, such as training.steps=200 or 'methods[0].cell=gru'; repeat for more.",
    ),
]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the results folder. Default: the grid's.")]
TimeLimit = Annotated[
    float | None,
    typer.Option(min=0.01, help="Minutes that one trial may take. Default: 30 times its estimate, at least 15."),
]
Names = Annotated[
    list[str] | None, typer.Option(metavar="NAME,...", help="Names, separated by commas or in options of their own.")
]
