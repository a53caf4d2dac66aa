"""When a loss that stays finite has diverged all the same: far above what knowing nothing gives, and not falling.

A large loss alone is not divergence. Networks of the committed results rose to 10^19 times that loss for one or two
evaluations and came back, some of them to solve their task; others start that high and come down evaluation by
evaluation, such as ReLU units that start from the identity with skips in time, whose state grows some fourfold with
every skip. Nor has a network diverged that meets the task's criterion.

The rule needs nothing but what is kept of every trial, and is no part of a trial's identity: a record that was written
under another rule and breaks this one is told by its own curve, and trained again (`seqbench.store.records`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

LIMIT = 1e3
"""How many times as large as the trivial predictor's a loss on validation data must be."""

STAYS = 5
"""Consecutive evaluations above the limit, none of them below the first, after which a trial has diverged. Where it
ends one is enough, unless the loss was still falling."""

KIND = "large loss"
"""What the results call it; the other kinds of divergence are in `seqbench.training.state`."""


def large_loss_since(curve: Sequence[Mapping[str, Any]], trivial_loss: float | None, *, ended: bool) -> int | None:
    """The step of the evaluation since which a trial's loss has been too large and no smaller, or None.

    Args:
        curve: the rows of its evaluations, of which `step`, `validation_loss` and `met` are looked at. A loss that
            is not finite, or was kept as missing because it was not, is above every limit.
        trivial_loss: loss of the best predictor that does not use the distant information. Without one that is
            positive there is no limit.
        ended: whether the last row is the trial's last evaluation.
    """
    if trivial_loss is None or not trivial_loss > 0:
        return None
    losses = [0.0 if row.get("met") else _number(row.get("validation_loss", 0.0)) for row in curve]
    first = lowest = None  # of the evaluations above the limit that now follow each other
    for place, loss in enumerate(losses):
        if loss <= LIMIT * trivial_loss:
            first = lowest = None
        elif lowest is None:
            first = lowest = place
        elif loss < losses[lowest]:
            lowest = place
        elif place - lowest + 1 == STAYS:
            return int(curve[lowest]["step"])
    falling = lowest == len(losses) - 1 and first != lowest
    return None if lowest is None or falling or not ended else int(curve[lowest]["step"])


def _number(loss: float | None) -> float:
    """The loss, above every limit if it is not a number."""
    return math.inf if loss is None or math.isnan(loss) else loss
