"""What a results folder looks like in MLflow: one experiment of trials, one comparison per task, one report.

Everything here raises `TrackingError` when the store fails; `mirror` decides what that means for a running grid.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from seqbench.schema import factor_columns, finished
from seqbench.stats.gradient_norms import before_training
from seqbench.stats.preregistration import declared_in
from seqbench.store.plan_file import PlanFile
from seqbench.tracking.artifacts import LOCATION, artifacts_of
from seqbench.tracking.client import SQLITE, without_password
from seqbench.tracking.comparison import METHOD, comparison_entries, method_order, run_colours
from seqbench.tracking.report_run import digest_files, report_files
from seqbench.tracking.runs import RunContent, Runs, open_experiment, set_experiment_tags
from seqbench.tracking.saved_view import (
    BY_DISTANCE,
    VIEW_TAG,
    artifact_fragment,
    comparison_fragment,
    runs_fragment,
    saved_view,
    trials_view,
)
from seqbench.tracking.trial_runs import TRIAL, param_names, trial_entries

if TYPE_CHECKING:
    from mlflow import MlflowClient

REPORT = "seqbench.report"
REPORT_KEY = "report"
FILES = "seqbench.files"
KIND = "seqbench.kind"
GRID = "seqbench.grid"


class Links(NamedTuple):
    """Where to look, as fragments that follow the address of a server.

    uri: the tracking store, without a password
    comparison: task -> its charts
    mirrored: finished trials that are in the store
    not_mirrored: finished trials that are not
    """

    uri: str
    comparison: Mapping[str, str]
    trials: str | None = None
    report: str | None = None
    mirrored: int = 0
    not_mirrored: int = 0


class Writer:
    """Writes one grid into one store.

    shared: whether drivers on other machines may write its runs, too, as they may through a server

    mirrored: trials known to be in the store as they are in the folder
    compared: (task, method) that the last comparison brought up to date
    reported: whether the report in the store is the last one given
    """

    def __init__(self, client: MlflowClient, uri: str, plan: PlanFile, results_dir: Path | str) -> None:
        """Open the experiments of the grid and end the runs that an earlier process left running."""
        self.client = client
        self.uri = uri
        self.plan = plan
        self.grid = plan.grid
        self.shared = not uri.startswith(SQLITE)
        self._artifacts = artifacts_of(client, uri, results_dir)
        self._trials = self._open("trials", f"{self.grid}: trials", TRIAL)
        self._comparisons: dict[str, Runs] = {}
        self._reports = self._open("report", f"{self.grid}: report", REPORT)
        self.mirrored: set[str] = set()
        self.compared: set[tuple[str, str]] = set()
        self.reported = False

    def trials(
        self, results: pd.DataFrame, curves: pd.DataFrame, written: Mapping[str, float], *, until: float | None = None
    ) -> None:
        """Log these trials as far as they have finished, and stop at `until` (`time.monotonic`).

        A trial that the store holds already costs nothing. `written` says when each finished (`TrialStore.written`).
        """
        self.mirrored -= set(results["trial"])
        colours = run_colours(self._methods(results))
        created = int(self._trials.experiment.creation_time or 0)
        view = trials_view(list(param_names(factor_columns(results)).values()), created)
        set_experiment_tags(self.client, self._trials.experiment, {VIEW_TAG: view})
        for entry in trial_entries(results, curves, self.grid, colours, written):
            if _is_over(until):
                return
            self._trials.put(self._stamped(entry))
            self.mirrored.add(entry.key)

    def comparison(self, results: pd.DataFrame, probes: pd.DataFrame, *, until: float | None = None) -> None:
        """Bring the comparison experiment of every task up to date, as far as it gets by `until` (`time.monotonic`)."""
        self.compared.clear()
        methods, probes = self._methods(results), before_training(probes)
        declared = declared_in(self.plan)
        for task in dict.fromkeys(str(name) for name in results["task"]):
            if task not in self._comparisons:
                self._comparisons[task] = self._open("comparison", f"{self.grid}: {task}, comparison", METHOD, task)
            runs = self._comparisons[task]
            created = int(runs.experiment.creation_time or 0)
            lengths = self._lengths(task, results)
            entries = list(comparison_entries(results, probes, task, methods, lengths, self.grid, created, declared))
            for entry in entries:
                if _is_over(until):
                    return
                runs.put(self._stamped(entry))
                self.compared.add((task, entry.key))
            runs.drop_others({entry.key for entry in entries})
            set_experiment_tags(self.client, runs.experiment, {VIEW_TAG: saved_view(len(methods), created)})
        self._annotate()

    def report(self, folder: Path, results: pd.DataFrame, curves: pd.DataFrame, *, until: float | None = None) -> None:
        """Upload the report, its figures and tables, the grid and the full curves as artifacts of one run.

        It stops between two files at `until` (`time.monotonic`).
        """
        self.reported = False
        files = report_files(Path(folder), self.plan, results, curves)
        tags = {**self._versions(), "seqbench.page": "report.html" if "report.html" in files else ""}
        digest, known = digest_files(files), self._reports.known.get(REPORT_KEY)
        if known is not None and not self._artifacts.fits(known):
            self._reports.drop_others(set())
            known = None
        now = time.time_ns() // 1_000_000
        run_id = self._reports.put(self._stamped(RunContent(REPORT_KEY, REPORT_KEY, tags, {}, (), now, now)))
        changed = known is None or known.data.tags.get(FILES) != digest
        for name, content in files.items() if changed or self._artifacts.lacks(run_id, set(files)) else ():
            if _is_over(until):
                return
            self._artifacts.write(run_id, name, content)
        # The tag comes last, so that an upload that was cut off is done again.
        self._reports.tag(REPORT_KEY, {FILES: digest})
        self.reported = True
        self._annotate()

    def resume(self, mirrored: set[str]) -> None:
        """Continue from the `mirrored` of an earlier writer, as far as the store still holds it."""
        self.mirrored = {trial for trial in mirrored if self._trials.holds(trial)}

    def settle(self) -> bool:
        """Remove what several drivers wrote at the same time; whether anything was removed or is missing after all."""
        deleted = sum(runs.read() for runs in (self._trials, self._reports, *self._comparisons.values()))
        lost = {trial for trial in self.mirrored if not self._trials.holds(trial)}
        self.mirrored -= lost
        return bool(deleted or lost)

    def links(self, not_mirrored: int = 0) -> Links:
        """Where to look for what has been written so far, tasks in the order of the grid."""
        planned = dict.fromkeys(label.task for label in self.plan.trials.values())
        tasks = [task for task in {**planned, **self._comparisons} if task in self._comparisons]
        charts = {task: comparison_fragment(self._comparisons[task].experiment.experiment_id) for task in tasks}
        trials = runs_fragment(self._trials.experiment.experiment_id)
        shown = without_password(self.uri)
        return Links(shown, charts, trials, self._report_fragment(), len(self.mirrored), not_mirrored)

    def _report_fragment(self) -> str | None:
        run = self._reports.known.get(REPORT_KEY)
        if run is None:
            return None
        page = run.data.tags.get("seqbench.page", "")
        return artifact_fragment(self._reports.experiment.experiment_id, run.info.run_id, page)

    def _methods(self, results: pd.DataFrame) -> list[str]:
        return method_order(self.plan.methods, results)

    def _lengths(self, task: str, results: pd.DataFrame) -> list[int]:
        """Dependency lengths of the task, including those not yet trained."""
        planned = [label.length for label in self.plan.trials.values() if label.task == task]
        return sorted({int(length) for length in [*planned, *results.loc[results["task"] == task, "length"]]})

    def _open(self, kind: str, name: str, key_tag: str, task: str | None = None) -> Runs:
        own = self._artifacts.location == LOCATION
        experiment = open_experiment(self.client, name, self._artifacts.location, anew=own and kind == "report")
        tags = {GRID: self.grid, KIND: kind, "mlflow.experimentKind": "custom_model_development"}
        set_experiment_tags(self.client, experiment, tags if task is None else {**tags, "seqbench.task": task})
        return Runs(self.client, experiment, key_tag, shared=self.shared)

    def _stamped(self, entry: RunContent) -> RunContent:
        """The entry with the revision of the code, which MLflow shows as its version."""
        revision = self.plan.revision
        return entry._replace(tags={**entry.tags, "mlflow.source.git.commit": revision}) if revision else entry

    def _versions(self) -> dict[str, str]:
        named = {f"seqbench.version.{name}": value for name, value in self.plan.versions.items()}
        return {GRID: self.grid, KIND: "report", **named}

    def _annotate(self) -> None:
        """Describe every comparison page, and link the pages to each other."""
        links = self.links()
        report = f"[The report]({links.report[1:]}). " if links.report else ""
        trials = f"[Every trial]({str(links.trials)[1:]}), with its training curves."
        question = plain_text(self.plan.question)
        for task, runs in self._comparisons.items():
            note = (
                f"{question}\n\nTask: {plain_text(task)}. One run is one method, and *Step* is the dependency length. "
                "`accuracy_vs_length` is the median over seeds on fresh test data, a diverged seed as 0; "
                "`horizon` is how far back the method remembers in steps, the mean over seeds, and `horizon_low` and "
                f"`horizon_high` are its interval; seeds that solved the longest length count with it. "
                f"`{BY_DISTANCE}` is the norm of the gradient that arrives before "
                f"training, as a power of ten; there *Step* is the distance from the loss.\n\n{report}{trials}"
            )
            set_experiment_tags(self.client, runs.experiment, {"mlflow.note.content": note.strip()})


def _is_over(until: float | None) -> bool:
    return until is not None and time.monotonic() > until


def unmirrored(results: pd.DataFrame, mirrored: set[str]) -> int:
    """How many finished trials are not in the store."""
    return int((~finished(results)["trial"].isin(mirrored)).sum())


def plain_text(text: str) -> str:
    """`text` on one line, with nothing left that Markdown or HTML would read as markup."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~])", r"\\\1", escaped)
