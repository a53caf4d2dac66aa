"""The runs of one MLflow experiment, found by a key, so that writing them twice changes nothing.

Metrics and params of MLflow can be added but not changed. A run with outdated content is therefore replaced: a new one
is written completely, then the old one is deleted. Its digest, kept as a tag, shows whether that is needed.

Drivers on several machines may write the runs of one grid at the same time, and MLflow has no lock between them. Each
reads the runs again when it has written: of equal keys all of them keep the same run, whoever wrote it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

DIGEST = "seqbench.digest"
NAME_LIMIT = 250
TEXT_LIMIT = 5000
PAGE = 1000


class Point(NamedTuple):
    """One finite value of a metric.

    step: x-axis of the chart
    seconds: since the run began
    """

    metric: str
    value: float
    step: int = 0
    seconds: float = 0.0


class RunContent(NamedTuple):
    """What one run should hold.

    key: names the run within its experiment, kept as the tag that the experiment is keyed by
    start, end: milliseconds since 1970
    """

    key: str
    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    points: tuple[Point, ...]
    start: int
    end: int

    @property
    def digest(self) -> str:
        """Hash of what MLflow cannot change afterwards."""
        content = [self.name, dict(self.params), [(p.metric, p.value, p.step) for p in self.points]]
        return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()[:16]


class Runs:
    """The runs of one experiment in the store."""

    def __init__(self, client: MlflowClient, experiment: Experiment, key_tag: str, *, shared: bool = False) -> None:
        """Read the runs, and end those that a killed process left running, unless others may be writing (`shared`)."""
        self.client = client
        self.experiment = experiment
        self.key_tag = key_tag
        self.known: dict[str, Run] = {}
        self.read()
        for run in () if shared else self.known.values():
            if run.info.status == "RUNNING":
                client.set_terminated(run.info.run_id, status="KILLED")

    def read(self) -> int:
        """Read the runs, and delete those whose key another one has, as after a replacement that was interrupted.

        Returns how many were deleted. Two drivers that saw a run before and after it was whole may each have deleted
        what the other kept, so whoever has deleted any reads again.
        """
        deleted = 0
        self.known.clear()
        for run in _all_runs(self.client, self.experiment.experiment_id):
            key = run.data.tags.get(self.key_tag)
            if key is None:
                continue
            kept, *spare = sorted([run, *([self.known[key]] if key in self.known else [])], key=_precedence)
            self.known[key] = kept
            for other in spare:
                self.client.delete_run(other.info.run_id)
                deleted += 1
        return deleted

    def put(self, entry: RunContent) -> str:
        """Make the store hold `entry`; return the id of its run."""
        old = self.known.get(entry.key)
        tags = {**entry.tags, self.key_tag: entry.key, DIGEST: entry.digest}
        if old is not None and self._whole(entry.key) and old.data.tags.get(DIGEST) == entry.digest:
            self.tag(entry.key, tags)
            return str(old.info.run_id)
        new = self._write(entry, tags)
        if old is not None:
            self.client.delete_run(old.info.run_id)
        self.known[entry.key] = new
        return str(new.info.run_id)

    def tag(self, key: str, tags: Mapping[str, str]) -> None:
        """Set those tags of the run at `key` that differ."""
        run = self.known[key]
        for name, value in tags.items():
            if run.data.tags.get(name) != clip(value):
                self.client.set_tag(run.info.run_id, name, clip(value))
                run.data.tags[name] = clip(value)

    def holds(self, key: str) -> bool:
        """Whether the store holds the run at `key`, and holds it whole."""
        return key in self.known and self._whole(key)

    def drop_others(self, keys: set[str]) -> None:
        """Delete the runs that belong to none of `keys`."""
        for key in [key for key in self.known if key not in keys]:
            self.client.delete_run(self.known.pop(key).info.run_id)

    def _whole(self, key: str) -> bool:
        return bool(self.known[key].info.status == "FINISHED")

    def _write(self, entry: RunContent, tags: dict[str, str]) -> Run:
        from mlflow.entities import Metric, Param

        run = self.client.create_run(
            self.experiment.experiment_id,
            start_time=entry.start,
            tags={name: clip(value) for name, value in tags.items()},
            run_name=clip(entry.name, NAME_LIMIT),
        )
        self.client.log_batch(
            run.info.run_id,
            metrics=[Metric(p.metric, p.value, entry.start + round(1000 * p.seconds), p.step) for p in entry.points],
            params=[Param(name, clip(value)) for name, value in entry.params.items()],
        )
        self.client.set_terminated(run.info.run_id, status="FINISHED", end_time=entry.end)
        run.info._status = "FINISHED"
        return run


def open_experiment(
    client: MlflowClient, name: str, artifact_location: str | None, *, anew: bool = False
) -> Experiment:
    """The experiment of that name, created when it is not there and restored when it was deleted.

    With `anew`, one whose files lie elsewhere is renamed and deleted, and another takes its place.
    """
    name = clip(name, NAME_LIMIT)
    experiment = client.get_experiment_by_name(name)
    if experiment is not None and experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    if experiment is not None and anew and experiment.artifact_location != artifact_location:
        client.rename_experiment(experiment.experiment_id, clip(f"{name} ({experiment.experiment_id})", NAME_LIMIT))
        client.delete_experiment(experiment.experiment_id)
        experiment = None
    return experiment or _created(client, name, artifact_location)


def _created(client: MlflowClient, name: str, artifact_location: str | None) -> Experiment:
    """A new experiment, or that which another driver has created meanwhile."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_experiment(client.create_experiment(name, artifact_location=artifact_location))
    except MlflowException:
        if (experiment := client.get_experiment_by_name(name)) is None:
            raise
        return experiment


def set_experiment_tags(client: MlflowClient, experiment: Experiment, tags: Mapping[str, str]) -> None:
    """Set those tags of the experiment that differ."""
    for name, value in tags.items():
        if experiment.tags.get(name) != clip(value):
            client.set_experiment_tag(experiment.experiment_id, name, clip(value))
            experiment.tags[name] = clip(value)


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """`text` within `limit` characters; a longer one ends in a hash of the whole, so that texts stay distinct."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 9]}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _precedence(run: Run) -> tuple[bool, str]:
    """Of runs with one key, which to keep: a whole one, and among those the same for every driver."""
    return run.info.status != "FINISHED", str(run.info.run_id)


def _all_runs(client: MlflowClient, experiment_id: str) -> Iterator[Run]:
    token = None
    while True:
        page = client.search_runs([experiment_id], max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
