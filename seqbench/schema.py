"""The columns of the three tables that a grid leaves behind, each declared once.

One row a trial (`results`), one row an evaluation (`curves`), one row a measurement (`probes`). Any other column of the
results is a factor of the grid. The types of the tables, the names that a grid may not give to a factor, what MLflow
holds of a trial and the documentation in `experiments/README.md` all follow from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "count", "number"]
Role = Literal["param", "metric", "tag"]


@dataclass(frozen=True)
class DataColumn:
    """A column of a table.

    kind: `text`, `count` (a whole number) or `number` (a float); every one may hold missing values
    description: what it says, in words
    unit: of its numbers; empty for text and for numbers that are named by their description alone
    roles: what it is in MLflow's run of a trial: a param, a metric, a tag, several or none of these
    metric: name of the metric where it differs from the column's
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    roles: tuple[Role, ...] = ()
    metric: str = ""

    @property
    def dtype(self) -> str:
        """The type of the column in a data frame."""
        return {"text": "str", "count": "Int64", "number": "float64"}[self.kind]


def _table(*columns: DataColumn) -> dict[str, DataColumn]:
    return {column.name: column for column in columns}


RESULT_COLUMNS = _table(
    DataColumn("trial", "text", "identity: a hash of the trial's complete resolved settings"),
    DataColumn("method", "text", "name of the method, as the grid or its factors give it", roles=("param", "tag")),
    DataColumn("task", "text",
               "name of the task, with the settings that differ from its defaults where a grid uses it more than once",
               roles=("param", "tag")),
    DataColumn("length", "count", "dependency length", unit="steps", roles=("param",)),
    DataColumn("seed", "count", "names the data stream, the same for every method, and the initialisation",
               roles=("param",)),
    DataColumn("learning_rate", "number", "peak learning rate", roles=("param",)),
    DataColumn("tuned", "text",
               "the further settings that tuning set, as JSON by `component.setting`; missing where there are none",
               roles=("param",)),
    DataColumn("purpose", "text", "tuning (chooses settings, validation data only) or reporting (what is compared)",
               roles=("param", "tag")),
    DataColumn("outcome", "text", "solved, partial, chance or diverged; missing for a trial that has not finished",
               roles=("tag",)),
    DataColumn("accuracy", "number", "share of test targets answered right at the end; missing if the trial diverged",
               unit="share", roles=("metric",)),
    DataColumn("loss", "number", "mean test loss at the end; missing if the trial diverged",
               unit="nats or squared error", roles=("metric",)),
    DataColumn("sequence_accuracy", "number", "share of test sequences with every target right",
               unit="share", roles=("metric",)),
    DataColumn("validation_accuracy", "number", "accuracy on validation data at the last evaluation", unit="share"),
    DataColumn("validation_loss", "number", "loss on validation data at the last evaluation", unit="as loss"),
    DataColumn("chance", "number", "expected accuracy of guessing uniformly", unit="share", roles=("param",)),
    DataColumn("trivial", "number", "expected accuracy of the best predictor that does not use the distant information",
               unit="share", roles=("param",)),
    DataColumn("trivial_loss", "number", "expected loss of that predictor", unit="as loss"),
    DataColumn("solved_metric", "text", "what the criterion for `solved` looks at: accuracy, sequence_accuracy or loss",
               roles=("param",)),
    DataColumn("solved_threshold", "number", "the value at which a trial counts as solved",
               unit="share, or as loss", roles=("param",)),
    DataColumn("solved_at", "count",
               "step of the first of three consecutive evaluations on validation data that met the criterion",
               unit="training steps", roles=("metric",)),
    DataColumn("held", "number",
               "share of the evaluations after those three that met the criterion; missing where there are none",
               unit="share", roles=("metric",)),
    DataColumn("stuck_at", "count",
               "step at which the trial stopped because its loss no longer improved, where the grid declares that",
               unit="training steps", roles=("metric",)),
    DataColumn("diverged_at", "count",
               "step at which loss, gradient or parameters first were not finite, or the evaluation since which a "
               "too large loss fell no further",
               unit="training steps", roles=("tag",)),
    DataColumn("diverged_kind", "text",
               "loss, gradient or parameters: what was not finite first; or large loss: finite, more than a "
               "thousand times the trivial predictor's, and not falling", roles=("tag",)),
    DataColumn("steps", "count", "training steps actually taken", unit="training steps", roles=("metric",)),
    DataColumn("budget", "count", "training steps allowed", unit="training steps", roles=("param",)),
    DataColumn("evaluate_every", "count", "steps between evaluations", unit="training steps", roles=("param",)),
    DataColumn("seconds", "number", "wall-clock time of training and evaluation, without compilation",
               unit="seconds", roles=("metric",)),
    DataColumn("compile_seconds", "number",
               "wall-clock time of compiling for training: near 0 but for a worker's first trial of a group",
               unit="seconds"),
    DataColumn("probe_seconds", "number", "wall-clock time of the probes and of compiling them", unit="seconds"),
    DataColumn("parameters", "count", "number of trained numbers", roles=("param",)),
    DataColumn("batch_size", "count", "sequences a training step", unit="sequences", roles=("param",)),
    DataColumn("segment", "count",
               "time steps between stored states; those between are computed again in the backward pass to save memory",
               unit="steps"),
    DataColumn("test_sequences", "count", "fresh sequences the test figures rest on",
               unit="sequences", roles=("param",)),
    DataColumn("optimizer", "text", "name of the optimizer", roles=("param",)),
    DataColumn("gradient_norm", "number",
               "mean global norm of the gradient before any mitigation, over all steps taken",
               roles=("metric",), metric="mean_gradient_norm"),
    DataColumn("gradient_norm_max", "number", "largest of these norms",
               roles=("metric",), metric="largest_gradient_norm"),
    DataColumn("gradient_norm_after", "number", "mean global norm of the gradient after the mitigations",
               roles=("metric",), metric="mean_gradient_norm_after"),
    DataColumn("shrink_factor", "number",
               "mean over steps of the norm after the mitigations divided by the norm before them",
               unit="ratio", roles=("metric",), metric="mean_shrink_factor"),
    DataColumn("clipped_share", "number", "share of steps in which a mitigation changed the gradient",
               unit="share", roles=("metric",), metric="mean_clipped_share"),
    DataColumn("clipped_entries", "number", "mean share of the gradient's entries that changed",
               unit="share", roles=("metric",), metric="mean_clipped_entries"),
    DataColumn("environment", "text", "fingerprint of the versions and the machine the trial ran on", roles=("tag",)),
    DataColumn("probed", "text", "labels of the probes that were read, as a JSON list"),
)  # fmt: skip

CURVE_COLUMNS = _table(
    DataColumn("trial", "text", "identity of the trial"),
    DataColumn("step", "count", "training steps taken at this evaluation", unit="training steps"),
    DataColumn("train_loss", "number", "mean training loss since the previous evaluation",
               unit="nats or squared error", roles=("metric",)),
    DataColumn("validation_loss", "number", "loss on validation data", unit="as train_loss", roles=("metric",)),
    DataColumn("validation_accuracy", "number", "accuracy on validation data", unit="share", roles=("metric",)),
    DataColumn("validation_sequences", "count",
               "validation sequences that were read: fewer than asked for where they put the criterion out of reach",
               unit="sequences"),
    DataColumn("gradient_norm", "number",
               "mean global norm of the gradient before any mitigation since the previous evaluation",
               roles=("metric",)),
    DataColumn("gradient_norm_max", "number", "largest of these norms"),
    DataColumn("gradient_norm_after", "number", "mean global norm after the mitigations", roles=("metric",)),
    DataColumn("shrink_factor", "number",
               "mean over these steps of the norm after the mitigations divided by the norm before them",
               unit="ratio"),
    DataColumn("clipped_share", "number",
               "share of steps since the previous evaluation in which a mitigation changed the gradient",
               unit="share", roles=("metric",)),
    DataColumn("clipped_entries", "number", "mean share of the gradient's entries that changed", unit="share"),
    DataColumn("seconds", "number", "wall-clock time since training began, without compilation", unit="seconds"),
)  # fmt: skip

PROBE_COLUMNS = _table(
    DataColumn("trial", "text", "identity of the trial"),
    DataColumn("step", "count", "training steps taken when the probe was read; 0 is initialisation",
               unit="training steps"),
    DataColumn("probe", "text", "what was measured; `accuracy` is on validation data, `test_accuracy` on test data, "
               "`accuracy_at_length` on test data of other lengths, `accuracy_by_attractors` by what it names"),
    DataColumn("distance", "count",
               "steps back from the loss, the dependency length of `accuracy_at_length`, or the largest number in a "
               "group of `accuracy_by_attractors`; missing for other figures",
               unit="steps"),
    DataColumn("remedy", "count",
               "place in the method's list, from 0, of the remedy that the figure is of; missing for the whole model"),
    DataColumn("value", "number", "the measurement", unit="of the probe"),
)  # fmt: skip

TABLES = {"results": RESULT_COLUMNS, "curves": CURVE_COLUMNS, "probes": PROBE_COLUMNS}
"""The columns of every table by name, in their order."""

Purpose = Literal["tuning", "reporting"]

HELD = 3
"""Consecutive evaluations that must meet the criterion before a trial counts as solved on the way."""

ACCURACY_AT = "accuracy_at_length"
"""Name of the probe of how a trained network does at dependency lengths that it was not trained at."""

ACCURACY_BY = "accuracy_by_"
"""How the names of probes begin that are the test accuracy by something other than the distance."""


def accuracy_by(counted: str) -> str:
    """Name of the probe of the accuracy by what is counted."""
    return f"{ACCURACY_BY}{counted}"


OUTCOMES = ("solved", "partial", "chance", "diverged")


def in_role(table: dict[str, DataColumn], role: Role) -> Iterator[DataColumn]:
    """The columns of a table that have this role in MLflow, in order."""
    return (column for column in table.values() if role in column.roles)


NOTHING = ("none", "default")
"""Labels of a factor's levels that change nothing, which names of methods leave out."""

WITHOUT = (*NOTHING, "off", "no", "false", "plain", "vanilla", "0", "{}", "[]", "")
"""Levels that mean "without the remedy", in lower case, surest first: those, and others that a name needs, for levels
of several factors may be called so."""


def factor_columns(results: pd.DataFrame) -> list[str]:
    """Names of the columns that are factors of the grid: all that the schema does not know, in order."""
    return [name for name in results.columns if name not in RESULT_COLUMNS]


def rows_where(table: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """The rows at which `chosen` is true; if it is everywhere, they share their memory with `table` until changed."""
    return table.copy(deep=False) if chosen.sum() == len(table) else table[chosen]


def is_finished(results: pd.DataFrame) -> pd.Series:
    """Whether each trial has finished; the others are missing and will be trained (again)."""
    return results["outcome"].notna()


def finished(results: pd.DataFrame) -> pd.DataFrame:
    """The rows of the trials that have finished."""
    return rows_where(results, is_finished(results))


def with_purpose(results: pd.DataFrame, purpose: Purpose) -> pd.DataFrame:
    """The rows of one purpose. Rows of a table without that column are all for reporting."""
    if "purpose" not in results:
        return results if purpose == "reporting" else results.iloc[:0]
    return rows_where(results, results["purpose"] == purpose)
