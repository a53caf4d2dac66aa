"""The columns of the three tables that a grid leaves behind. Any other column of the results is a factor of the grid.

One row a trial (`results`), one row an evaluation (`curves`), one row a measured distance (`probes`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

RESULT_COLUMNS: dict[str, str] = {
    "trial": "identity: a hash of the trial's complete resolved settings",
    "method": "name of the method, as the grid or its factors give it",
    "task": "name of the task, with the settings that differ from its defaults where a grid uses it more than once",
    "length": "dependency length in steps",
    "seed": "names the data stream, the same for every method, and the initialisation",
    "learning_rate": "peak learning rate",
    "tuned": "the further settings that tuning set, as JSON by `component.setting`; missing where there are none",
    "purpose": "tuning (chooses settings, validation data only) or reporting (what is compared)",
    "outcome": "solved, partial, chance or diverged; missing for a trial that has not finished",
    "accuracy": "share of test targets answered right at the end; missing if the trial diverged",
    "loss": "mean test loss at the end; missing if the trial diverged",
    "sequence_accuracy": "share of test sequences with every target right",
    "validation_accuracy": "accuracy on validation data at the last evaluation",
    "validation_loss": "loss on validation data at the last evaluation",
    "chance": "expected accuracy of guessing uniformly",
    "trivial": "expected accuracy of the best predictor that does not use the distant information",
    "trivial_loss": "expected loss of that predictor",
    "solved_metric": "what the criterion for `solved` looks at: accuracy or loss",
    "solved_threshold": "the value at which a trial counts as solved",
    "solved_at": "step of the first of three consecutive evaluations on validation data that met the criterion",
    "diverged_at": "step at which loss, gradient or parameters first were not finite",
    "diverged_kind": "loss, gradient or parameters: what was not finite first",
    "steps": "training steps actually taken",
    "budget": "training steps allowed",
    "evaluate_every": "steps between evaluations",
    "seconds": "wall-clock seconds of training and evaluation, without compilation",
    "compile_seconds": "wall-clock seconds of compiling for training: near 0 but for a worker's first trial of a group",
    "probe_seconds": "wall-clock seconds of the probes and of compiling them",
    "parameters": "number of trained numbers",
    "batch_size": "sequences a training step",
    "segment": "time steps between stored states; those between are computed again in the backward pass to save memory",
    "test_sequences": "fresh sequences the test figures rest on",
    "optimizer": "name of the optimizer",
    "gradient_norm": "mean global norm of the gradient before any mitigation, over all steps taken",
    "gradient_norm_max": "largest of these norms",
    "gradient_norm_after": "mean global norm of the gradient after the mitigations",
    "shrink_factor": "mean over steps of the norm after the mitigations divided by the norm before them",
    "clipped_share": "share of steps in which a mitigation changed the gradient",
    "clipped_entries": "mean share of the gradient's entries that changed",
    "environment": "fingerprint of the versions and the machine the trial ran on",
}

CURVE_COLUMNS: dict[str, str] = {
    "trial": "identity of the trial",
    "step": "training steps taken at this evaluation",
    "train_loss": "mean training loss since the previous evaluation",
    "validation_loss": "loss on validation data",
    "validation_accuracy": "accuracy on validation data",
    "gradient_norm": "mean global norm of the gradient before any mitigation since the previous evaluation",
    "gradient_norm_max": "largest of these norms",
    "gradient_norm_after": "mean global norm after the mitigations",
    "shrink_factor": "mean over these steps of the norm after the mitigations divided by the norm before them",
    "clipped_share": "share of steps since the previous evaluation in which a mitigation changed the gradient",
    "clipped_entries": "mean share of the gradient's entries that changed",
    "seconds": "wall-clock seconds since training began, without compilation",
}

PROBE_COLUMNS: dict[str, str] = {
    "trial": "identity of the trial",
    "step": "training steps taken when the probe was read; 0 is initialisation",
    "probe": "what was measured; `accuracy` is on validation data, `test_accuracy` on test data",
    "distance": "steps back from the loss; missing for a figure that has no distance",
    "remedy": "place in the method's list, from 0, of the remedy that the figure is of; missing for the whole model",
    "value": "the measurement",
}

OUTCOMES = ("solved", "partial", "chance", "diverged")


def factor_columns(results: pd.DataFrame) -> list[str]:
    """Names of the columns that are factors of the grid: all that the schema does not know, in order."""
    return [name for name in results.columns if name not in RESULT_COLUMNS]
