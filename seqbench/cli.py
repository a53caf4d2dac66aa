"""The command line. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from seqbench.commands import claim_commands, component_commands, trial_commands
from seqbench.commands.arguments import (
    GridName,
    Json,
    Name,
    NoCode,
    On,
    Results,
    Set,
    TimeLimit,
    TrackingUri,
    Workers,
    limit_options,
    require_unused,
    run_options,
    tracking_of,
    workers_of,
)
from seqbench.commands.asked import Asked, asked_if_given
from seqbench.execution.machine import LOCAL, cores
from seqbench.invocation import RESULTS, UI_PORT

app = typer.Typer(
    name="seqbench",
    help="Which remedy for vanishing and exploding gradients makes a recurrent network remember further back?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(context: typer.Context, wanted: bool) -> None:
    """Print the version and stop; with --verbose also what results and speed depend on."""
    if wanted:
        from importlib.metadata import version

        from seqbench.compilation_cache import PACKAGES, describe

        typer.echo(f"seqbench {version('seqbench')}")
        if context.params.get("verbose"):
            typer.echo(", ".join(f"{name} {version(name)}" for name in PACKAGES))
            typer.echo(describe())
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", is_eager=True, help="With --version: libraries, and the compilation cache."),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, help="Print the version and stop.")
    ] = False,
) -> None:
    """Which remedy for vanishing and exploding gradients makes a recurrent network remember further back?"""


@app.command()
def run(
    grid: GridName,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
    no_tracking: Annotated[bool, typer.Option("--no-tracking", help="Do not mirror to MLflow.")] = False,
    workers: Workers = None,
    on: On = LOCAL,
    trial: Annotated[
        str | None, typer.Option(help="Train only this trial, again if it has finished; the first letters will do.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no compiled programs, and use none.")] = False,
    time_limit: TimeLimit = None,
    from_tables: Annotated[bool, typer.Option("--from-tables", help="Go on from tables alone, as in a clone.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")] = False,
    no_code: NoCode = False,
) -> None:
    """Train what is missing of a grid, mirror it to MLflow and write the report."""
    from seqbench.commands.run import run as command
    from seqbench.compilation_cache import OFF, VARIABLE

    if no_cache:
        os.environ[VARIABLE] = OFF  # what workers inherit
    uri = tracking_of(tracking_uri, no_tracking=no_tracking)
    asked = Asked(grid, results, tuple(set_ or ()), name)
    workers = workers_of(workers, on)
    options = run_options(tracking=not no_tracking, tracking_uri=uri, workers=workers, on=on)
    options += [*(["--trial", trial] if trial else []), *(["--no-cache"] if no_cache else [])]
    options += [*limit_options(time_limit), *(["--from-tables"] if from_tables else [])]
    command(asked, tracking=not no_tracking, tracking_uri=uri, workers=workers, time_limit=time_limit,
            on=on, only=None if trial is None else {trial}, quiet=quiet, again=asked.command("run", *options),
            from_tables=from_tables)  # fmt: skip


@app.command()
def plan(
    grid: GridName,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes to estimate for.")] = cores(),
    max_trials: Annotated[int, typer.Option(min=1, help="Refuse grids of more trials than this.")] = 1_000_000,
    as_json: Json = False,
    no_code: NoCode = False,
) -> None:
    """Show what a grid would run: methods, trials, compilations, impossible pairs, time and memory. Trains nothing."""
    from seqbench.commands.plan import plan as command

    command(Asked(grid, results, tuple(set_ or ()), name), workers=workers, max_trials=max_trials, as_json=as_json)


@app.command()
def status(
    grid: GridName,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow a run in another terminal.")] = False,
    as_json: Json = False,
    no_code: NoCode = False,
) -> None:
    """Show how far a grid is: finished, missing, failed, and the count of each outcome."""
    asked = Asked(grid, results, tuple(set_ or ()), name)
    if watch:
        from seqbench.commands.watch import watch as follow

        follow(asked, as_json=as_json)
        return
    from seqbench.commands.status import status as command

    command(asked, as_json=as_json)


for command_of_trials in (trial_commands.retry, trial_commands.verify, trial_commands.why, trial_commands.sample):
    app.command()(command_of_trials)


@app.command()
def report(
    grid: GridName,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    for_paper: Annotated[
        bool,
        typer.Option("--for-paper", help="Also write paper/: figures in column widths, methods in LaTeX, BibTeX."),
    ] = False,
    no_code: NoCode = False,
) -> None:
    """Write report.html, report.md, figures and tables from what has finished."""
    from seqbench.commands.report import report as command

    command(Asked(grid, results, tuple(set_ or ()), name), for_paper=for_paper)


@app.command()
def ui(
    grid: Annotated[str | None, typer.Argument(metavar="[GRID]", help="Print the links of this grid's charts.")] = None,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    tracking_uri: Annotated[str | None, typer.Option(help="Another store, such as sqlite:////data/mlflow.db.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="First port to try.")] = UI_PORT,
    no_code: NoCode = False,
) -> None:
    """Open the MLflow UI on the embedded store, on this machine only."""
    from seqbench.commands.ui import ui as command

    asked = asked_if_given(grid, results, set_, name)
    command(asked, results, port=port, tracking_uri=tracking_uri)


@app.command()
def track(
    grid: GridName,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
    no_code: NoCode = False,
) -> None:
    """Mirror stored results to an MLflow tracking server. Doing it twice adds nothing."""
    from seqbench.commands.track import track as command

    command(Asked(grid, results, tuple(set_ or ()), name), tracking_uri=tracking_uri)


for other_command in (
    component_commands.new, component_commands.list_, component_commands.show, component_commands.schema,
    component_commands.check, claim_commands.replicate, claim_commands.leaderboard,
    claim_commands.publish, claim_commands.compare, claim_commands.merge,
):  # fmt: skip
    app.command(name=other_command.__name__.rstrip("_"))(other_command)


@app.command()
def power(
    pilot: Annotated[
        str | None, typer.Argument(metavar="[GRID]", help="Finished grid to take differences from.")
    ] = None,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    rate: Annotated[float | None, typer.Option(help="Solve rate hoped for.", show_default="0.9")] = None,
    rate_against: Annotated[float | None, typer.Option(help="Solve rate of the other.", show_default="0.5")] = None,
    comparisons: Annotated[int | None, typer.Option(min=1, help="Comparisons declared.", show_default="1")] = None,
    no_code: NoCode = False,
) -> None:
    """Say how many seeds a claim needs, before the grid is run."""
    from seqbench.commands.power import power as command

    asked = asked_if_given(pilot, results, set_, name)
    command(asked, rate=rate, rate_against=rate_against, comparisons=comparisons)


@app.command()
def probe(
    grid: Annotated[str | None, typer.Argument(metavar="[GRID]", help="Probe every method of this grid.")] = None,
    set_: Set = None,
    name: Name = "",
    task: Annotated[str | None, typer.Option(help="Without a grid: the task.", show_default="delayed_recall")] = None,
    length: Annotated[
        int | None,
        typer.Option(
            min=1, help="Dependency length. Default: the longest of a grid's first trials; 50 without a grid."
        ),
    ] = None,
    cell: Annotated[str | None, typer.Option(help="Without a grid: the cell.", show_default="vanilla")] = None,
    mitigation: Annotated[list[str] | None, typer.Option(help="Without a grid: a mitigation; repeat for more.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="GRID", help="Draw this grid beside it, as its file has it, on the same axes.")
    ] = None,
    results: Results = RESULTS,
    no_code: NoCode = False,
) -> None:
    """Show the gradient by distance at initialisation, and keep its picture and numbers. Trains nothing."""
    from seqbench.commands.probe import probe as command

    asked = asked_if_given(grid, results, set_, name)
    if asked:
        one = {"--task": task, "--cell": cell, "--mitigation": mitigation}
        require_unused(one, f"What is probed are the methods of {asked.grid} on its tasks")
    other = Asked(against, results) if against else None
    command(asked, results, task=task or "delayed_recall", length=length, cell=cell or "vanilla",
            mitigations=mitigation or [], against=other)  # fmt: skip


@app.command()
def bench(
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="[PART]...", help="Parts to measure; all if none.")
    ] = None,
    pytorch: Annotated[Path | None, typer.Option(help="Python of an environment with PyTorch to compare with.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each contestant has its turn.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Processes of every harness; by default one a core.")] = cores(),
    core: Annotated[int, typer.Option(min=0, help="Core on which single steps are timed.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the page and its figures.")] = RESULTS / "bench",
) -> None:
    """Measure seqbench beside PyTorch and Flax by hand, in turn, and write the page of ratios. Takes many minutes."""
    from seqbench.commands.bench import bench as command

    command(parts or [], pytorch=pytorch, rounds=rounds, workers=workers, core=core, folder=out)
