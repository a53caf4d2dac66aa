"""The commands about several grids or results folders, as options and help. Each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqbench.commands.arguments import (
    GridName,
    Json,
    Name,
    NoCode,
    Results,
    Set,
    TimeLimit,
    TrackingUri,
    Workers,
    require_unused,
    tracking_of,
    workers_of,
)
from seqbench.execution.machine import LOCAL
from seqbench.invocation import RESULTS


def replicate(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Claims, shipped or in a grid of yours."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All shipped claims.")] = False,
    judge_only: Annotated[
        bool, typer.Option("--judge-only", help="Train nothing: judge the rows that are there, as committed.")
    ] = False,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
    no_tracking: Annotated[bool, typer.Option("--no-tracking", help="Do not mirror to MLflow.")] = False,
    workers: Workers = None,
    time_limit: TimeLimit = None,
    from_tables: Annotated[
        bool, typer.Option("--from-tables", help="Go on from the tables of folders without trial files, as in a clone.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")] = False,
    no_code: NoCode = False,
) -> None:
    """Run published claims again and say of each whether it was reproduced; without names, judge all that were run.

    Prints claim, published numbers, what was observed with its interval and the number of seeds, and the verdict, and
    writes the page of all claims.
    """
    from seqbench.commands.replicate import RunOptions
    from seqbench.commands.replicate import replicate as command

    uri = tracking_of(tracking_uri, no_tracking=no_tracking)
    judging = judge_only or not (names or everything)
    if judging:
        unused = {"--tracking-uri": tracking_uri, "--no-tracking": no_tracking, "--workers": workers,
                  "--time-limit": time_limit, "--from-tables": from_tables}  # fmt: skip
        require_unused(unused, "With --judge-only, or without a claim's name, nothing is trained")
    options = RunOptions(workers_of(workers, LOCAL), uri, not no_tracking, time_limit, from_tables, quiet)
    command(names or [], everything=everything, results=results, options=None if judging else options)


def leaderboard(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", help="Results folders from elsewhere, beside those in --results."),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Set all results side by side: README.md, an offline page with filters and a picture, in the folder of results.

    Results on one task under one protocol stand in one table; others stand apart, with the reason.
    """
    from seqbench.commands.leaderboard import leaderboard as command

    command(folders or [], results)


def publish(
    grid: GridName,
    into: Annotated[Path, typer.Option(help="Folder to write to: empty, or an earlier copy.")],
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    no_code: NoCode = False,
) -> None:
    """Copy what is worth committing of a grid's results: plan, tables, report.md and its figures.

    Figures by distance are thinned to what the report shows, so that it comes out the same from the copy; why
    trials crashed stays behind.
    """
    from seqbench.commands.asked import Asked
    from seqbench.commands.publish import publish as command

    command(Asked(grid, results, tuple(set_ or ()), name), into)


def compare(
    results_a: Annotated[Path, typer.Argument(help="Folder of results, such as results/quickstart.")],
    results_b: Annotated[Path, typer.Argument(help="Another run of the grid: other code, machine or versions.")],
    as_json: Json = False,
) -> None:
    """Compare two runs of a grid: what differs beyond chance."""
    from seqbench.commands.compare import compare as command

    command(results_a, results_b, as_json=as_json)


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Results folders of one grid.")],
    into: Annotated[Path, typer.Option(help="Folder to write to; what it holds already is kept.")],
    grid: Annotated[
        str | None, typer.Option(help="Grid that asks for the trials of all, if they were run with different ones.")
    ] = None,
    set_: Set = None,
    keep_first: Annotated[
        bool, typer.Option("--keep-first", help="Of different numbers of a trial keep those of the folder named first.")
    ] = False,
    no_code: NoCode = False,
) -> None:
    """Merge results of one grid that were made on several machines. Trains nothing; overwrites nothing.

    Trials of which two folders hold different numbers are named with both environments, and nothing is merged: exit
    code 5 if they were trained in the same environment, else 6.
    """
    from seqbench.commands.merge import merge as command

    command(folders, into, grid=grid, overrides=tuple(set_ or ()), keep_first=keep_first)
