"""How far back a method remembers, from the brackets of its seeds: mean log2 horizon with an interval.

The mean is that of Turnbull's distribution, restricted to the range of lengths: a seed that solved the longest counts
as the longest, one that failed the shortest as the shortest. Where seeds stand at an end, the horizon itself may lie
further, and the words say so; with seeds at both ends it may lie on either side. Where results of a seed contradict
each other, the mean takes the bracket that contradicts the fewest, the interval the bounds that hold them all
(`Brackets.ends`). The interval is `interval.jeffreys_mean_interval`, whose imaginary seeds stand at the two ends of the
range.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.number_text import number_text
from seqbench.stats.brackets import BOUNDS, WITHIN, Brackets, ends_in_words
from seqbench.stats.interval import jeffreys_mean_interval

COLUMNS = [
    "method", "task", "n", "open", "at_least", "below", "violations", "trials", "octaves", "low", "high", "span",
    "horizon", "horizon_low", "horizon_high", "shortest", "longest", "bound", "text",
]  # fmt: skip


def horizon_means(found: Brackets, alpha: float = 0.05) -> pd.DataFrame:
    """One row a method of a task with any seed that has started.

    n: seeds that have started; open: those whose search has not ended
    at_least, below: seeds that solved the longest length, that failed the shortest
    violations: seeds with results that contradict each other; trials: finished trials of all seeds
    octaves, low, high: restricted mean of log2 horizon over the shortest length, out of `span`, and its interval
    horizon, horizon_low, horizon_high: the same as lengths in steps, in words in `text`
    bound: what seeds at the ends of the range say of the mean horizon (`at least`, `at most`, `within the range` with
        seeds at both, or nothing)
    """
    values = found.octaves()
    least, most = found.ends()
    rows = []
    for place, method in enumerate(found.methods):
        own = found.started[place]
        if not own.any():
            continue
        octaves = float(values[place, own].mean())
        low, high = jeffreys_mean_interval(least[place, own], 0.0, found.span, alpha, highest=most[place, own])
        at_least, below = (int(end[place, own].sum()) for end in (found.at_least, found.below))
        lengths = found.lengths[0] * np.exp2([octaves, low, high])
        bound = BOUNDS[at_least > 0, below > 0]
        rows.append((
            method, found.task, int(own.sum()), int((~found.ended[place, own]).sum()), at_least, below,
            int((found.violations[place] > 0).sum()), int(found.trials[place].sum()), octaves, low, high, found.span,
            *lengths, found.lengths[0], found.lengths[-1], bound, _text(lengths, bound, alpha),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def steps_in_words(steps: float) -> str:
    """`7.2`, `35`, `640` or `1,200`: three digits at most, and no decimals from 10 on."""
    if steps < 10:
        return f"{steps:.2g}"
    return number_text(float(f"{steps:.0f}" if steps < 1000 else f"{steps:.3g}"))


def _text(lengths: np.ndarray, bound: str, alpha: float) -> str:
    """The geometric mean horizon in words: `at least 1,200 steps (95 %: 640 or more)`."""
    mean, low, high = map(steps_in_words, lengths)
    interval = "" if np.isnan(lengths[1]) else f" ({100 * (1 - alpha):g} %: {ends_in_words(bound, low, high)})"
    if bound == WITHIN:
        return f"{mean} steps {bound} of lengths{interval}"
    return f"{bound} {mean} steps{interval}".strip()
