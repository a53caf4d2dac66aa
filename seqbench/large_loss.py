"""When a loss that stays finite has diverged all the same: it stays far above that of a predictor that knows nothing.

A large loss alone is not divergence. Networks of the committed results rose to 10^19 times that loss for one or two
evaluations and came back, some of them to solve their task. Nor has a network diverged that meets the task's criterion.

The rule needs nothing but what is kept of every trial, and is no part of a trial's identity: a record that was written
before the rule and breaks it is told by its own curve, and trained again (`seqbench.store.records`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LIMIT = 1e3
"""How many times as large as the trivial predictor's a loss on validation data must be. Training starts near 1."""

STAYS = 5
"""Consecutive evaluations above the limit after which a trial has diverged; one is enough where the trial ends."""

KIND = "large loss"
"""What the results call it; the other kinds of divergence are in `seqbench.training.state`."""


def large_loss_since(curve: Sequence[Mapping[str, Any]], trivial_loss: float | None, *, ended: bool) -> int | None:
    """The step of the evaluation since which a trial's loss has been too large for it to go on, or None.

    Args:
        curve: the rows of its evaluations, of which `step`, `validation_loss` and `met` are looked at. A loss that
            is not finite, or was kept as missing because it was not, is above every limit.
        trivial_loss: loss of the best predictor that does not use the distant information. Without one that is
            positive there is no limit.
        ended: whether the last row is the trial's last evaluation.
    """
    if trivial_loss is None or not trivial_loss > 0:
        return None
    run = 0
    for place, row in enumerate(curve):
        run = 0 if row.get("met") or _is_within(row.get("validation_loss", 0.0), LIMIT * trivial_loss) else run + 1
        if run == STAYS:
            return int(curve[place - STAYS + 1]["step"])
    return int(curve[-run]["step"]) if ended and run else None


def _is_within(loss: float | None, limit: float) -> bool:
    """Whether a loss is at most the limit; NaN is not."""
    return loss is not None and loss <= limit
