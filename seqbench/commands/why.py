"""`seqbench why`: the settings that make a trial what it is, and in which of them it differs from another.

A finished trial is used again as long as the grid plans a trial of the same identity. Where it does not, the trial that
it plans now and that differs least says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from rich.table import Table

from seqbench.canonical import canonical
from seqbench.commands.asked import Asked
from seqbench.commands.console import out, print_json
from seqbench.commands.kept import Kept, kept_of
from seqbench.commands.own_code import announce_code
from seqbench.errors import GridError, UsageError
from seqbench.execution.known import known
from seqbench.execution.remaining import complete
from seqbench.execution.trial_names import full_name
from seqbench.grid.document import document_of
from seqbench.grid.named import own_names
from seqbench.grid.read import grid_of
from seqbench.plan.plan import plan
from seqbench.plan.settings_difference import Pair, differing, flat, nearest
from seqbench.plan.trial import Trial
from seqbench.printable import printable
from seqbench.store.records import Record, UnusableRecord
from seqbench.store.trials import TrialStore

LONGEST = 44
"""Letters of a value in a table; the rest is left to --json."""


def why(asked: Asked, trial: str, other: str | None, *, as_json: bool) -> None:
    """Print what makes a trial, and how it differs from `other` or from what explains that it is not used again.

    Raises:
        UsageError: there is no such trial, or its settings are not known.
    """
    known = _Known(kept_of(asked))
    one = known.full(trial)
    second = known.full(other) if other is not None else known.counterpart(one)
    pairs = differing(known.settings(one), known.settings(second)) if second else {}
    if as_json:
        print_json(
            {"trial": one, "state": known.state(one), "settings": flat(known.settings(one)), "other": second}
            | ({"other_state": known.state(second)} if second else {})
            | {"differences": {place: pair._asdict() for place, pair in pairs.items()}}
        )
        return
    console = out()
    console.print(f"{one}: {known.state(one)}")
    if second:
        relation = "" if other is not None else f"; {known.relation(one)}"
        console.print(f"{second}: {known.state(second)}{relation}")
        console.print(f"They differ in {'1 setting' if len(pairs) == 1 else f'{len(pairs)} settings'}:")
        console.print(_differences(pairs, one, second))
    else:
        console.print(_settings(known.settings(one)))


class _Known:
    """The trials that a grid plans now or that its folder holds."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._grid = kept.plan.grid
        self._planned = {trial.id: trial for trial in kept.plan.trials}
        self._outcomes = dict(kept.results.finished.set_index("trial")["outcome"])
        self._store = TrialStore(kept.folder)
        self._files = self._store.names()

    def full(self, typed: str) -> str:
        """The identity of a trial as it was typed. Raises UsageError."""
        known = self._planned.keys() | self._outcomes.keys() | self._files | self._kept.results.plan.trials.keys()
        return full_name(typed, known, of=self._grid.name)

    def settings(self, trial: str) -> Mapping[str, Any]:
        """The complete settings of a trial.

        Raises:
            UsageError: they are neither in a trial file nor in what the grid plans, or planned when it was run.
        """
        if trial in self._planned:
            return self._planned[trial].settings
        record = self._record(trial)
        if record is not None and record.settings:
            return record.settings
        if trial in self._planned_before:
            return self._planned_before[trial].settings
        raise UsageError(
            f"The settings of {trial} are not known: {self._grid.name} no longer plans it, and it has no trial file."
        )

    @cached_property
    def _planned_before(self) -> dict[str, Trial]:
        """The trials of the grid as it was run, where its text still is a grid."""
        results, file = self._kept.results, self._store.folder / "plan.json"
        try:
            document = document_of(results.plan.grid_text, file=str(file))
            announce_code(own_names(document.data), document.file, file.parent)
            grid = grid_of(document)
            return {trial.id: trial for trial in plan(grid, results.finished, bounded=False).trials}
        except GridError:
            return {}

    def _record(self, trial: str) -> Record | None:
        """What is kept of a trial; None if there is nothing that can be used."""
        try:
            return self._store.find(trial)
        except UnusableRecord:
            return None

    def state(self, trial: str) -> str:
        """What a trial is and what there is of it."""
        planned, record = self._planned.get(trial), self._record(trial)
        outcome = record.row["outcome"] if record else self._outcomes.get(trial)
        if planned is None:
            return f"{f'finished ({outcome})' if outcome else 'not finished'}, no longer planned"
        label = f"{planned.method}, {planned.task_label}, length {planned.length}, seed {planned.seed}"
        if outcome is None:
            return f"{label}; {'crashed' if trial in self._kept.results.failures else 'yet to train'}"
        if record and not complete(known(record), planned, self._grid, self._store.folder):
            return f"{label}; finished ({outcome}), but trains again: it lacks something that the grid asks for now"
        return f"{label}; finished ({outcome})"

    def counterpart(self, trial: str) -> str | None:
        """The trial that explains why one is not used, or why none is used for it; None where nothing is to explain."""
        if trial not in self._planned:
            found = nearest(self.settings(trial), self._planned.values())
            return found.id if found else None
        if trial in self._outcomes:
            return None
        return self._nearest_unused(self._planned[trial])

    def _nearest_unused(self, trial: Trial) -> str | None:
        """The finished trial that the grid no longer plans and that differs least from one that is yet to train."""
        unused = [record for name in sorted(self._files - self._planned.keys()) if (record := self._record(name))]
        known = [record for record in unused if record.settings]
        best = min(known, key=lambda record: len(differing(trial.settings, record.settings)), default=None)
        return best.trial if best else None

    def relation(self, trial: str) -> str:
        """What the counterpart of a trial is to it."""
        if trial in self._planned:
            return "the nearest finished trial that is not used"
        return "the nearest trial that is planned now"


def _differences(pairs: Mapping[str, Pair], one: str, other: str) -> Table:
    table = Table("setting", one, other)
    for place, pair in pairs.items():
        table.add_row(printable(place), _short(pair.one), _short(pair.other))
    return table


def _settings(settings: Mapping[str, Any]) -> Table:
    table = Table("setting", "value")
    for place, value in flat(settings).items():
        table.add_row(printable(place), _short(canonical(value)))
    return table


def _short(value: str) -> str:
    text = printable(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
