"""Columns and texts of entries that several tables share."""

from __future__ import annotations

from collections.abc import Callable

from seqbench.report.evidence import Evidence
from seqbench.report.table import MISSING, Column, Row, number
from seqbench.stats.brackets import WITHIN, ends_in_words
from seqbench.stats.horizon_differences import factor_in_words
from seqbench.stats.horizon_means import steps_in_words
from seqbench.stats.signflip import seeds_to_find_anything

BEYOND = (
    "≥, ≤: some seeds lie beyond the range of lengths, and intervals have no end on that side; within the range: some "
    "lie beyond either end, and number and interval are of horizons that end with the range"
)
"""What the marks of censored numbers mean."""


def method_column(evidence: Evidence) -> Column:
    """Names of methods beside their markers."""
    return Column("method", "method", method=lambda row: evidence.place(row["method"]), align="left")


def ratio(count: str, total: str) -> Callable[[Row], str]:
    """`7 of 10` from two columns of a row, or a dash where nothing was counted."""
    return lambda row: ratio_text(row[count], row[total])


def interval(middle: str, low: str = "low", high: str = "high", digits: int = 2) -> Callable[[Row], str]:
    """A number with its interval from three columns of a row."""
    return lambda row: interval_text(row[middle], row[low], row[high], digits)


def level(evidence: Evidence) -> str:
    """The level of the intervals, `95 %`."""
    return f"{100 * (1 - evidence.declared.alpha):g} %"


def attainable_p(evidence: Evidence, name: str, seeds: str, comparisons: str) -> Callable[[Row], str]:
    """The p-value in column `name` of a row; a dash where its number of seeds could not have shown any difference.

    seeds, comparisons: the columns with the number of pairs and of the comparisons that share the error rate
    """

    def text(row: Row) -> str:
        if row[seeds] != row[seeds]:
            return MISSING
        enough = row[seeds] >= seeds_to_find_anything(int(row[comparisons]), evidence.declared.alpha)
        return p_text(row[name]) if enough else MISSING

    return text


def factor(row: Row) -> str:
    """How many times as far, with its interval, from a row of paired differences: `≥ 3.2 (2.1 or more)`."""
    if not row["n"] or row["factor"] != row["factor"]:
        return MISSING
    return _bounded(row["bound"], *(factor_in_words(row[name]) for name in ("factor", "factor_low", "factor_high")))


def remembers(row: Row) -> str:
    """The mean horizon in steps, with its interval: `1,200 (640 to 1,900)`; of a single length nothing is known."""
    if not row["span"] or row["horizon"] != row["horizon"]:
        return MISSING
    return _bounded(row["bound"], *(steps_in_words(row[name]) for name in ("horizon", "horizon_low", "horizon_high")))


def octaves(row: Row) -> str:
    """The mean horizon in octaves, with its interval; with a single length it is 0 by construction, and not shown."""
    return interval_text(row["octaves"], row["low"], row["high"]) if row["span"] else MISSING


def _bounded(bound: str, middle: str, low: str, high: str) -> str:
    """A number with its interval, if it has one, and with what censoring says of it."""
    sign = {"at least": "≥ ", "at most": "≤ "}.get(bound, "")
    within = f", {bound}" if bound == WITHIN else ""
    return f"{sign}{middle}" + ("" if low == "nan" else f" ({ends_in_words(bound, low, high)})") + within


def ratio_text(count: float, total: float) -> str:
    """`7 of 10`, or a dash where nothing was counted."""
    return MISSING if count != count or total != total else f"{int(count):,} of {int(total):,}"


def interval_text(middle: float, low: float, high: float, digits: int = 2) -> str:
    """A number with its interval, or alone where there is none."""
    if middle != middle:
        return MISSING
    alone = f"{middle:z.{digits}f}"
    return alone if low != low else f"{alone} ({low:z.{digits}f} to {high:z.{digits}f})"


def percent_text(low: float, high: float) -> str:
    """An interval of shares, `3 to 56 %`."""
    return f"{100 * low:z.0f} to {100 * high:z.0f} %"


def p_text(p: float) -> str:
    """A p-value as it is read."""
    return MISSING if p != p else "< 0.001" if p < 0.001 else f"{p:.2g}"


def criterion_text(metric: str, threshold: float) -> str:
    """From when on a trial counts as solved, `accuracy ≥ 0.95`."""
    return f"{metric} {'≤' if metric == 'loss' else '≥'} {number(threshold)}"
