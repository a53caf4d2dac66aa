"""`seqbench retry`: crashed trials once more, and no others; or diverged ones, to see whether they diverge again.

A crash is no result: what finishes now is kept. Divergence is one, and is never retried away: diverged trials are
trained again beside their results, which stay as they are, whatever comes out.
"""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out
from seqbench.commands.counted import counted
from seqbench.commands.kept import kept_of
from seqbench.commands.run import run
from seqbench.commands.verify import require_same, train_again
from seqbench.execution.machine import LOCAL


def retry(
    asked: Asked,
    *,
    diverged: bool,
    tracking: bool,
    tracking_uri: str | None,
    workers: int | None,
    quiet: bool,
    again: str,
    on: str = LOCAL,
    time_limit: float | None = None,
) -> None:
    """Train the crashed trials of a grid again, or with `diverged` those; `again`, `on` and `time_limit` as in `run`.

    Raises:
        UsageError: there are no results, or they are another grid's. TrialsCrashed: trials crashed again.
        NotReproduced, OtherEnvironment: a diverged trial gave other numbers; see `verify`.
    """
    if diverged:
        _diverged_again(asked, workers=workers, on=on, quiet=quiet, time_limit=time_limit)
        return
    failed = crashed(asked)
    if not failed:
        out().print("No trial of this grid has crashed; there is nothing to try again.")
        return
    run(asked, tracking=tracking, tracking_uri=tracking_uri, workers=workers, only=failed, quiet=quiet, again=again,
        on=on, time_limit=time_limit)  # fmt: skip


def crashed(asked: Asked) -> set[str]:
    """The trials that the grid plans now, and that crashed and have not finished since."""
    kept = kept_of(asked)
    return kept.results.failures.keys() & {trial.id for trial in kept.plan.trials}


def _diverged_again(asked: Asked, *, workers: int | None, on: str, quiet: bool, time_limit: float | None) -> None:
    kept = kept_of(asked)
    rows = kept.results.finished
    diverged = set(rows.loc[rows["outcome"] == "diverged", "trial"])
    chosen = [trial for trial in kept.finished if trial.id in diverged]
    if not chosen:
        out().print("No trial of this grid has diverged.")
        return
    found = train_again(kept, chosen, workers=workers, on=on, quiet=quiet, time_limit=time_limit)
    same = sum(each.after == each.before for each in found)
    out().print(f"{same} of {counted(len(found))} diverged again at the same step. The results stay as they are.")
    require_same(found)
