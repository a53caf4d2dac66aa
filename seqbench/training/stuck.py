"""When a trial counts as stuck and stops, where its grid declares that: its training loss no longer becomes smaller.

It is off by default, because a loss can rest on a plateau for long before a network learns; a trial that is stopped
there counts as one that did not learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal


def stuck_at(curve: Sequence[Mapping[str, Any]], rule: Mapping[str, Any] | Literal[False]) -> int | None:
    """The step of the first evaluation at which a trial is stuck, or None.

    Args:
        curve: the rows of its evaluations so far, of which `step` and `train_loss` are looked at.
        rule: `stop_when_stuck` of the trial's training: False, or `evaluations` and `improvement`.

    Returns:
        Where the smallest training loss of the last `evaluations` intervals is not smaller than that of all intervals
        before them by the share `improvement`.
    """
    if not rule:
        return None
    window, losses = rule["evaluations"], [row["train_loss"] for row in curve]
    for end in range(window + 1, len(curve) + 1):
        before, since = min(losses[: end - window]), min(losses[end - window : end])
        if since > before - rule["improvement"] * abs(before):
            return int(curve[end - 1]["step"])
    return None
