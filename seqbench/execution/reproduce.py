"""Train finished trials again, beside their results and never into them, and say what became of their numbers.

The promise is the same bits on one machine type with one set of versions. Elsewhere the numbers may differ; then what
differs in the environment is named beside how far they are apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from seqbench.execution.environment import fingerprint
from seqbench.execution.events import Crashed, Event, Finished
from seqbench.execution.job import job_of
from seqbench.execution.place import Place
from seqbench.execution.pool import Pool
from seqbench.execution.process import say
from seqbench.execution.remaining import missing
from seqbench.execution.run import record_of
from seqbench.execution.time_limit import Limit, default_limit
from seqbench.plan.plan import Plan
from seqbench.plan.trial import Trial
from seqbench.stats.reproduction import Difference, largest_difference
from seqbench.store.results import Results, results_of


class Reproduction(NamedTuple):
    """What became of a trial that was trained again.

    before, after: its outcome, with the step at which it diverged if it did; `after` is `crashed` if it crashed
    difference: the largest between the numbers; None if all agree to the last bit, or if it crashed
    environment: what differs in the environment, before and now, by name; empty if it is the same
    crash: why it crashed, if it did
    """

    trial: Trial
    before: str
    after: str
    difference: Difference | None
    environment: Mapping[str, tuple[str, str]]
    crash: str | None = None

    @property
    def same_bits(self) -> bool:
        """Whether every number is the same to the last bit."""
        return self.crash is None and self.difference is None


def reproduce(
    current: Plan,
    stored: Results,
    trials: set[str],
    *,
    workers: int | None,
    place: Place | None = None,
    found: Callable[[Reproduction], None],
    say: Callable[[str], None] = say,
    limit: Limit = default_limit,
) -> None:
    """Train finished trials again. Nothing is written.

    Args:
        current: the plan of their grid.
        stored: what the grid's folder holds.
        trials: identities of the trials, which `current` plans and which have finished in `stored`.
        workers: workers at most; None for as many as the place holds.
        place: where they run, by default this machine.
        found: called with each trial when it has ended, in the order in which they end.
        say: called with each line that a worker has for the user.
        limit: seconds that a trial may take.
    """
    planned = {trial.id: trial for trial in current.trials}

    def handle(event: Event) -> None:
        if isinstance(event, Finished | Crashed):
            found(_reproduction(planned[event.trial], stored, event))

    ask = partial(job_of, probes=current.grid.probes)
    with Pool(workers, place=place, ask=ask, say=say, limit=limit) as pool:
        pool.require(current.estimate(1).bytes_per_worker)
        pool.run(missing(current, set(), only=trials), handle)


def _reproduction(trial: Trial, stored: Results, event: Finished | Crashed) -> Reproduction:
    before = _outcome(stored, trial.id)
    if isinstance(event, Crashed):
        return Reproduction(trial, before, "crashed", None, {}, event.reason)
    again = results_of([record_of(trial, event)], stored.plan)
    return Reproduction(
        trial=trial,
        before=before,
        after=_outcome(again, trial.id),
        difference=largest_difference(stored, again, trial.id, retrained=True),
        environment=_environment_of(stored, trial.id, event.environment),
    )


def _outcome(results: Results, trial: str) -> str:
    """`solved`, or `diverged at step 118 (loss)`."""
    row = results.trials.set_index("trial").loc[trial]
    if row["outcome"] != "diverged":
        return str(row["outcome"])
    return f"diverged at step {row['diverged_at']} ({row['diverged_kind']})"


def _environment_of(stored: Results, trial: str, now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What differs between the environment in which a trial was trained and the present one."""
    name = stored.trials.set_index("trial").loc[trial, "environment"]
    before = stored.plan.environments.get(name, {})
    if not before and name != fingerprint(now):
        return {"environment": (str(name), fingerprint(now))}
    return changed_environment(before, now) if before else {}


def changed_environment(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What differs between two environments, before and now; what one of them does not name was not recorded there."""
    names = dict.fromkeys([*before, *now])
    both = {name: (before.get(name, "not recorded"), now.get(name, "not recorded")) for name in names}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def spread(trials: Iterable[Trial], number: int) -> list[Trial]:
    """So many trials that differ as much as they can in method, then task and length, then purpose.

    The same trials give the same choice: among equals the first identity is taken.
    """
    left = sorted(trials, key=lambda trial: trial.id)
    if number >= len(left):
        return left
    used: Counter[object] = Counter()
    chosen: list[Trial] = []
    while len(chosen) < number:
        best = min(left, key=lambda trial: [used[level] for level in _levels(trial)])
        left.remove(best)
        used.update(_levels(best))
        chosen.append(best)
    return chosen


def _levels(trial: Trial) -> tuple[object, ...]:
    return ("method", trial.method), ("at", trial.task_label, trial.length), ("purpose", trial.purpose)
