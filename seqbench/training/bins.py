"""The bins of distances, or of what is counted in their place, in which accuracy is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from seqbench.tasks.base import Task
from seqbench.training.objective import Scores

BINS = 8
"""Bins that an evaluation program counts in, or a multiple: tasks with fewer leave some empty. The same program counts
by groups (`Task.groups`), of which there are no more."""


def edges_of(task: Task) -> tuple[int, ...]:
    """Upper edges of a task's bins of distances."""
    return task.distances or (task.length,)


def padded(edges: Sequence[int], size: int = BINS) -> Int[np.ndarray, " D"]:
    """Upper edges of bins, and further ones up to a multiple of `size`; those bins are left empty."""
    return np.append(np.array(edges, np.int32), np.full(-len(edges) % size, np.iinfo(np.int32).max, np.int32))


def accuracy_by_bin(scores: Scores, edges: tuple[int, ...]) -> dict[int, float]:
    """Accuracy in each bin of distances, or of what was counted in their place, that occurs, by its upper edge."""

    def binned(counts: Any) -> np.ndarray:
        # What is further away than the last edge counts in the last bin.
        return np.append(counts[: len(edges) - 1], counts[len(edges) - 1 :].sum())

    pairs = zip(edges, binned(scores.correct_by_distance), binned(scores.targets_by_distance), strict=True)
    return {edge: float(right / count) for edge, right, count in pairs if count > 0}
