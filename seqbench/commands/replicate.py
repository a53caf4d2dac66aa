"""`seqbench replicate`: run the grids of published claims, judge them, and write the page of verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from seqbench.commands.arguments import limit_options, run_options
from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.commands.present import present_results
from seqbench.commands.run import run
from seqbench.errors import GridError, LaterFormat, StoreError, TrialsCrashed, UsageError
from seqbench.grid.claim import Claim
from seqbench.grid.read import claims_elsewhere, find_grid, shipped_claims
from seqbench.grid.spec import Grid
from seqbench.leaderboard.sources import CLAIMS
from seqbench.plan.examined import expanded
from seqbench.printable import printable
from seqbench.report.replications import Replication, in_words, replications_page
from seqbench.stats.claim_figures import Measured
from seqbench.stats.preregistration import declared_in
from seqbench.stats.verdict import Judgement, judge
from seqbench.store import atomic
from seqbench.store.plan_file import without_plan


class RunOptions(NamedTuple):
    """How claims are run: see `seqbench.commands.run.run`."""

    workers: int | None
    tracking_uri: str | None
    tracking: bool
    time_limit: float | None
    from_tables: bool
    quiet: bool


def replicate(names: Sequence[str], *, everything: bool, results: Path, options: RunOptions | None) -> None:
    """Run the named claims (with `everything` all), unless `options` is None; print the verdicts, write the page.

    Raises:
        GridError: no grid of that name, or one without a claim, or one that cannot be planned; nothing is trained.
        TrialsCrashed: as `run`, once all claims have been run and judged.
    """
    shipped, folder = shipped_claims(), results / CLAIMS
    files = {Path(name).stem: _claim_file(name, shipped) for name in (*names, *(shipped if everything else ()))}
    asked = [Asked(str(file), folder) for file in files.values()]
    for each in asked:  # all of them before the first is trained, which may take hours
        _require_claim(each)
    crashed = _train_all(asked, options) if options else []
    judged = judged_claims(({**shipped, **files}).values(), folder)
    page = folder / "README.md"
    atomic.write_bytes(page, replications_page(judged, page, claims_elsewhere()).encode())
    for found in judged:
        if found.name in files or not files:
            out().print(in_words(found), end="\n\n")
    out().print(str(page))
    if crashed:
        raise TrialsCrashed("\n".join(map(str, crashed)))


def judged_claims(files: Iterable[Path], folder: Path) -> list[Replication]:
    """The verdict on each claim, in order of name, from the results that `folder` holds.

    A claim whose results cannot be read or judged is named, and counts as not finished.
    """
    return [_judged(Asked(str(file), folder)) for file in sorted(files, key=lambda file: file.stem)]


def _claim_file(name: str, shipped: dict[str, Path]) -> Path:
    return shipped[name] if name in shipped else find_grid(name)


def _require_claim(asked: Asked) -> None:
    """Refuse a grid that cannot be run or has no claim, and one whose claim its trials cannot be judged by."""
    grid = asked.read()
    claim_of(grid)
    expanded(grid)


def _train_all(claims: Iterable[Asked], options: RunOptions) -> list[TrialsCrashed]:
    """Train what is missing of each claim; what is to be said of those of which trials crashed."""
    crashed = []
    for asked in claims:
        try:
            _train(asked, options)
        except TrialsCrashed as error:
            crashed.append(TrialsCrashed(f"{asked.folder_name}: {error}"))
    return crashed


def _train(asked: Asked, options: RunOptions) -> None:
    """Train what is missing of a claim; one that cannot be tested here is left out."""
    grid = asked.read()
    if reason := claim_of(grid).not_testable:
        progress().print(f"{grid.name} is not run: {reason}")
        return
    typed = run_options(tracking=options.tracking, tracking_uri=options.tracking_uri, workers=options.workers)
    typed += [*limit_options(options.time_limit), *(["--from-tables"] if options.from_tables else [])]
    run(
        asked, tracking=options.tracking, tracking_uri=options.tracking_uri, workers=options.workers, only=None,
        quiet=options.quiet, again=asked.command("run", *typed), time_limit=options.time_limit,
        from_tables=options.from_tables,
    )  # fmt: skip


def _judged(asked: Asked) -> Replication:
    """The verdict from the rows that are there; without any, of no findings."""
    grid = asked.read()
    claim, folder = claim_of(grid), asked.results / grid.name
    without_rows = Replication(grid.name, grid.path, claim, Judgement("not finished"))
    if claim.not_testable:
        return without_rows._replace(judgement=Judgement("not testable here"))
    if not (folder / "plan.json").exists() and not without_plan(folder):
        return without_rows
    try:
        found = present_results(asked).results
        measured = Measured(found.curves, found.probes)
        judgement = judge(claim, found.trials, declared_in(found.plan), measured=measured)
    except (StoreError, LaterFormat, UsageError) as error:
        progress().print(printable(f"{grid.name} counts as not finished: {error}"))
        return without_rows
    return Replication(grid.name, grid.path, claim, judgement, folder)


def claim_of(grid: Grid) -> Claim:
    """The claim that a grid repeats.

    Raises:
        GridError: it has none.
    """
    if grid.claim is None:
        raise GridError(
            f"{grid.path}: it repeats no published claim; experiments/README.md says how a grid does, with `claim`"
        )
    return grid.claim
