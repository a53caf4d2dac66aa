"""When an evaluation on validation data need not read on: once no answer to come could make it meet the criterion."""

from __future__ import annotations

import numpy as np

from seqbench.protocol import DECIDED_MARGIN
from seqbench.tasks.base import Task, cross_entropy, squared_error
from seqbench.training.objective import Scores

NEVER_NEGATIVE = (cross_entropy, squared_error)
"""Losses of which what is to come can only make the sum larger."""


def decided(task: Task, scores: Scores, left: int) -> bool:
    """Whether a task's criterion cannot be met any more, whatever the sequences say that have not been read.

    Exact: rounding keeps the order of numbers, so that what is out of reach here is out of reach in the full sum.

    Args:
        task: whose criterion is asked about; of an accuracy by `DECIDED_MARGIN` below it as well.
        scores: of the sequences that have been read.
        left: sequences that have not been read.
    """
    if task.criterion.metric == "sequence_accuracy":
        ahead = np.float32(left)
        return float((scores.sequences_correct + ahead) / (scores.sequences + ahead)) < task.criterion.at
    most = np.float32(left * task.targets)
    if task.criterion.metric == "accuracy":
        best = (scores.correct + most) / (scores.targets + most)
        return float(best) < task.criterion.at - DECIDED_MARGIN
    lowest = scores.loss / (scores.targets + most)
    return task.loss in NEVER_NEGATIVE and float(lowest) > task.criterion.at
