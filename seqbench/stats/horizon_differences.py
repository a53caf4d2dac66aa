"""How many times as far one method remembers as another: paired differences of log2 horizons over shared seeds.

A difference of one octave is a factor of two. It is restricted to the range of lengths: where seeds of the one
method solved the longest length, or seeds of the other failed the shortest, the factor is a lower bound, and the words
say "at least".

The p-value is the exact sign-flip test's, corrected within the declared family. The interval is
`interval.jeffreys_mean_interval`. Its imaginary pairs are the worst and the best that *one* unseen event can do: the
one method fails the shortest length or the other solves the longest, while its partner does as it did on average.
The interval's simulation stands in `results/simulations/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqbench.stats.brackets import BOUNDS, TURNED, WITHIN, Brackets, ends_in_words
from seqbench.stats.interval import Floats, jeffreys_mean_interval
from seqbench.stats.signflip import holm, sign_flip_test, verdict

COLUMNS = [
    "task", "method", "against", "n", "octaves", "low", "high", "factor", "factor_low", "factor_high", "p", "p_holm",
    "improved", "bound", "family", "comparisons", "verdict", "text",
]  # fmt: skip
FACTORS = ["factor", "factor_low", "factor_high", "bound", "text"]
"""Columns that say a difference of horizons as a factor."""
Pair = tuple[str, str]
Ends = tuple[Floats, Floats]
"""Least and greatest value of each seed, `[n]`."""


def difference_interval(one: Ends, other: Ends, span: float, alpha: float = 0.05) -> tuple[float, float]:
    """Interval of the mean difference in octaves; each method gives least and greatest octaves `[n]` of its seeds.

    span: octaves from the shortest length to the longest
    """
    (least, most), (other_least, other_most) = one, other
    worst = min(-other_most.mean(), least.mean() - span)
    best = max(span - other_least.mean(), most.mean())
    return jeffreys_mean_interval(least - other_most, worst, best, alpha, highest=most - other_least)


def _bound(found: Brackets, one: int, other: int, paired: NDArray[np.bool_]) -> str:
    """What censoring says of a factor: seeds at the ends of the range may lie further out.

    `at least` where that can only raise it, `at most` where it can only lower it, `within the range` where it can do
    either, empty without such seeds.
    """
    rises = bool(found.at_least[one, paired].any() or found.below[other, paired].any())
    falls = bool(found.below[one, paired].any() or found.at_least[other, paired].any())
    return BOUNDS[rises, falls]


def factor_in_words(factor: float) -> str:
    """`3.2`, `14` or `0.45`: two digits, and no decimals from 10 on."""
    rounded = float(f"{factor:.2g}")  # 9.96 is 10, and has no decimals
    return f"{factor:.0f}" if rounded >= 10 else f"{rounded:#.2g}"


def factor_text(row: Mapping[Any, Any], alpha: float = 0.05) -> str:
    """`remembers 3.2 times as far as vanilla (95 %: 2.1 to 4.9, n = 10)`, from a row of `horizon_differences`.

    A factor below 1 stands as it is. Below 5 pairs there is no interval.
    """
    if not row["n"]:
        return f"cannot be compared with {row['against']} yet: no pair of searches has ended"
    factor, least, most = (factor_in_words(row[name]) for name in ("factor", "factor_low", "factor_high"))
    size = f"{row['bound']} {factor}" if row["bound"] in ("at least", "at most") else factor
    within = f" {row['bound']} of lengths" if row["bound"] == WITHIN else ""
    ends = ends_in_words(row["bound"], least, most)
    interval = "" if np.isnan(row["factor_low"]) else f"{100 * (1 - alpha):g} %: {ends}, "
    return f"remembers {size} times as far as {row['against']}{within} ({interval}n = {row['n']})"


def turned_round(pair: Mapping[Any, Any], alpha: float = 0.05) -> dict[str, Any]:
    """The same comparison from the other method's side: a row with the columns of `pairwise.compare_pairs`."""
    opposite = {"better": "worse", "worse": "better", **TURNED}
    row = {
        **pair,
        "method": pair["against"], "against": pair["method"],
        "difference": -pair["difference"], "low": -pair["high"], "high": -pair["low"],
        "improved": 1 - pair["improved"], "improved_low": 1 - pair["improved_high"],
        "improved_high": 1 - pair["improved_low"],
        "verdict": opposite.get(pair["verdict"], pair["verdict"]),
    }  # fmt: skip
    if pair["outcome"] == "horizon" and pair["n"]:
        ends = (("factor", "factor"), ("factor_low", "factor_high"), ("factor_high", "factor_low"))
        row |= {name: 1 / pair[other] for name, other in ends}
        row["bound"] = opposite.get(pair["bound"], pair["bound"])
        row["text"] = factor_text(row, alpha)
    return row


def _row(found: Brackets, values: Floats, one: int, other: int, alpha: float) -> dict[str, object]:
    """The comparison of the methods at two places, over the seeds whose searches have ended in both."""
    paired = found.ended[one] & found.ended[other]
    if not paired.any():
        return {"n": 0, "p": np.nan, "bound": ""}
    least, most = found.ends()
    differences = values[one, paired] - values[other, paired]
    octaves = float(differences.mean())
    low, high = difference_interval(
        (least[one, paired], most[one, paired]), (least[other, paired], most[other, paired]), found.span, alpha
    )
    return {
        "n": differences.size, "octaves": octaves, "low": low, "high": high,
        "factor": 2.0**octaves, "factor_low": 2.0**low, "factor_high": 2.0**high, "p": sign_flip_test(differences),
        "improved": float(((np.sign(np.round(differences, 12)) + 1) / 2).mean()),
        "bound": _bound(found, one, other, paired),
    }  # fmt: skip


def horizon_differences(
    found: Brackets, pairs: list[Pair], family: str = "declared", alpha: float = 0.05
) -> pd.DataFrame:
    """One row a pair of methods of a task, corrected among each other (`pairwise.declared_pairs` gives the family).

    n: seeds whose searches have ended in both methods
    octaves, low, high: mean difference of log2 horizons, method less `against`, and its interval
    factor, factor_low, factor_high: the same as factors, "remembers 3.2 times as far"
    improved: share of seeds that reached further, ties counting one half
    bound: what censoring says of the factor (`at least`, `at most`, `within the range` or nothing); text: `factor_text`
    """
    values, places = found.octaves(), {name: place for place, name in enumerate(found.methods)}
    rows = [
        {"task": found.task, "method": a, "against": b, **_row(found, values, places[a], places[b], alpha)}
        for a, b in pairs
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_holm"] = holm(table["p"].to_numpy(float))
    table["family"], table["comparisons"] = family, len(pairs)
    stated = zip(table["octaves"].astype(float), table["p_holm"], table["n"], strict=True)
    table["verdict"] = [verdict(mean, p, n, len(pairs), alpha) for mean, p, n in stated]
    table["text"] = [factor_text(row, alpha) for row in table.to_dict("records")]
    return table
