"""The commands about single trials, as options and help. Each imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

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
from seqbench.commands.asked import Asked
from seqbench.execution.machine import LOCAL
from seqbench.invocation import RESULTS


def retry(
    grid: GridName,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    diverged: Annotated[
        bool, typer.Option("--diverged/--failed", help="Which trials; by default those that crashed.")
    ] = False,
    tracking_uri: TrackingUri = None,
    no_tracking: Annotated[bool, typer.Option("--no-tracking", help="Do not mirror to MLflow.")] = False,
    workers: Workers = None,
    on: On = LOCAL,
    time_limit: TimeLimit = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")] = False,
    no_code: NoCode = False,
) -> None:
    """Train crashed trials again and no others; or say whether diverged ones diverge again, which changes no result.

    A crash is no result, so what finishes now is kept, as by `run`. Divergence is a result and stays one: --diverged
    trains those trials again beside their results and says what happened, with the exit codes of `verify`.
    """
    from seqbench.commands.retry import retry as command

    if diverged:
        mirrored = {"--tracking-uri": tracking_uri, "--no-tracking": no_tracking}
        require_unused(mirrored, "With --diverged no result changes, and nothing is mirrored")
    uri = tracking_of(tracking_uri, no_tracking=no_tracking)
    asked = Asked(grid, results, tuple(set_ or ()), name)
    workers = workers_of(workers, on)
    options = run_options(tracking=not no_tracking, tracking_uri=uri, workers=workers, on=on)
    again = asked.command("retry", *options, *limit_options(time_limit))
    command(asked, diverged=diverged, tracking=not no_tracking, tracking_uri=uri, workers=workers, quiet=quiet,
            again=again, on=on, time_limit=time_limit)  # fmt: skip


def verify(
    grid: GridName,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    number: Annotated[
        int | None,
        typer.Option(
            "--n", min=1, show_default="3", help="Trials to train again, spread over the grid; not with --trial."
        ),
    ] = None,
    trial: Annotated[str | None, typer.Option(help="Train this trial again; the first letters will do.")] = None,
    workers: Workers = None,
    on: On = LOCAL,
    time_limit: TimeLimit = None,
    as_json: Json = False,
    no_code: NoCode = False,
) -> None:
    """Train finished trials again and say whether their numbers are the same. Changes nothing.

    Exit code 0: the same to the last bit; 5: other numbers in the same environment; 6: other numbers in another one.
    """
    from seqbench.commands.verify import verify as command

    asked = Asked(grid, results, tuple(set_ or ()), name)
    command(asked, number=number, trial=trial, workers=workers_of(workers, on), as_json=as_json, on=on,
            time_limit=time_limit)  # fmt: skip


def why(
    grid: GridName,
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="A trial; the first letters of its name will do.")],
    other: Annotated[str | None, typer.Argument(metavar="[OTHER]", help="Another one, to compare with.")] = None,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    as_json: Json = False,
    no_code: NoCode = False,
) -> None:
    """Show the settings that make a trial what it is, and which of them differ from another trial's."""
    from seqbench.commands.why import why as command

    command(Asked(grid, results, tuple(set_ or ()), name), trial, other, as_json=as_json)


def sample(
    grid: GridName,
    trial: Annotated[
        str | None,
        typer.Option(
            help="A finished trial; the first letters will do. Default: the best of each method, by test loss."
        ),
    ] = None,
    length: Annotated[int, typer.Option(min=1, help="Symbols to add.")] = 200,
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Below 1 the likely become likelier; 0 takes the likeliest.")
    ] = 1.0,
    top_k: Annotated[int, typer.Option(min=0, help="Choose from this many of the likeliest; 0 is all.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same text.")] = 0,
    set_: Set = None,
    name: Name = "",
    results: Results = RESULTS,
    no_code: NoCode = False,
) -> None:
    """Print text from a trained language model. Its grid must say `keep_parameters: true`."""
    from seqbench.commands.sample import sample as command

    asked = Asked(grid, results, tuple(set_ or ()), name)
    command(asked, trial=trial, length=length, temperature=temperature, top_k=top_k, seed=seed)
