"""The answer in words: one sentence a task that someone can read who has not seen the grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqbench.stats.horizon_differences import turned_round
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, Floats, clopper_pearson

COLUMNS = ["task", "answer", "budget"]
POINTS = {
    "solved": "points of lengths solved",
    "accuracy": "points of accuracy at the longest length",
    "steps": "points of the budget",
}
"""Outcomes that are shares are stated in hundredths."""


BEST = ("remembered furthest", "did best")
"""What is said of the best methods: over several lengths, and at a single one, which says nothing of distances."""


def names_in_words(names: list[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 4 more`; a single name more than `most` is named, too."""
    shown, rest = (names, 0) if len(names) <= most + 1 else (names[:most], len(names) - most)
    parts = [*shown, f"{rest} more"] if rest else shown
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def p_in_words(p: float) -> str:
    """`p = 0.002`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def share_in_words(k: int, n: int, alpha: float, of: str = "") -> str:
    """`10 of 10 seeds solved length 100 (95 %: 69-100 %)` for `of=" seeds solved length 100"`; below 5, no interval."""
    if n < SEEDS_FOR_INTERVAL:
        return f"{k} of {n}{of}"
    low, high = (100 * float(end) for end in clopper_pearson(k, n, alpha))
    return f"{k} of {n}{of} ({100 * (1 - alpha):g} %: {low:z.0f}-{high:.0f} %)"


def _solved(row: pd.Series, alpha: float, of: str = "") -> str:
    """How many seeds of a method solved the longest length; only on a list of lengths is every seed trained there."""
    return share_in_words(int(row["at_least"]), int(row["seeds"]), alpha, of)


def _reach(row: pd.Series, alpha: float, each: str = "") -> str:
    """How far a method remembered; with a single length, how many seeds solved it."""
    if row["span"] == 0:
        return _solved(row, alpha, f" seeds{each} solved length {row['longest']:g}")
    return str(row["text"])


def budget_in_words(budgets: Floats) -> str:
    """`at this budget of 2,000 training steps`, two ends and what it depends on if it differs; empty if unknown.

    budgets: `[M, L]` of each method at each length, NaN where a method has no trial
    """
    if np.isnan(budgets).all():
        return ""
    least, most = np.nanmin(budgets), np.nanmax(budgets)
    if least == most:
        return f"at this budget of {least:,.0f} training steps"
    differs = [(np.fmax.reduce(budgets, axis) > np.fmin.reduce(budgets, axis)).any() for axis in (0, 1)]
    on = " and ".join(name for name, own in zip(("the method", "the length"), differs, strict=True) if own)
    return f"at this budget of {least:,.0f} to {most:,.0f} training steps, which depends on {on}"


def size_in_words(
    found: Mapping[Any, Any] | pd.Series, value: float, low: float, high: float, alpha: float
) -> tuple[str, str]:
    """A difference with its unit, and its interval (empty below 5 seeds), from the row it stands in."""
    points = POINTS.get(str(found["outcome"]))
    scale, digits, unit = (100, 0, points) if points else (1, 1, "octaves")
    size = f"{scale * value:+.{digits}f} {unit}"
    if np.isnan(low):
        return size, ""
    return size, f"{100 * (1 - alpha):g} %: {scale * low:.{digits}f} to {scale * high:.{digits}f}"


def times_in_words(found: pd.Series, value: float) -> str:
    """A gain in octaves as `8.3 times as far back`; empty for other outcomes and where nothing was gained."""
    return f"{2**value:.1f} times as far back" if found["unit"] == "octaves" and value >= 0.05 else ""


def _joined(*parts: str) -> str:
    """The parts of a sentence that are not empty."""
    return ", ".join(filter(None, parts))


def _sureness(pair: Mapping[Any, Any]) -> str:
    """What a comparison proves, after its size and interval."""
    n, among = int(pair["n"]), f"{int(pair['comparisons'])} comparison{'s' if pair['comparisons'] > 1 else ''}"
    if np.isnan(pair["low"]):
        return f"{n} seeds are too few to tell it from chance"
    if pair["verdict"] == "too few seeds to tell":
        return f"{n} seeds are too few to tell it from chance among {among}"
    p = f"{p_in_words(pair['p_holm'])} after Holm"
    if pair["verdict"] == "no evidence":
        return f"no evidence of a difference, {p}"
    if pair["low"] <= 0 <= pair["high"]:
        text = f"the seeds agree, {p}, but a rare failure that this few cannot rule out could undo the mean"
    else:
        text = f"beyond chance, {p}"
    return text if pair["family"] == "declared" else f"{text}; this comparison was not declared beforehand"


def _difference(pair: Mapping[Any, Any], who: str, alpha: float) -> str:
    """The size and sureness of one paired comparison, as the end of a sentence: a factor, or another outcome."""
    if pair["outcome"] == "horizon":
        return f"{who} {pair['text']}: {_sureness(pair)}"
    size, level = size_in_words(pair, pair["difference"], pair["low"], pair["high"], alpha)
    known = ", ".join(filter(None, [level, f"n = {int(pair['n'])}"]))
    return f"{size} against {pair['against']} ({known}): {_sureness(pair)}"


def _unfinished(task: pd.DataFrame) -> str:
    """How much is missing, said before anything else; empty if nothing is."""
    planned, finished = int(task["planned"].sum()), int(task["finished"].sum())
    return "" if planned == finished else f"unfinished, with {finished:,} of {planned:,} planned trials so far: "


def _ranked_so_far(task: pd.DataFrame) -> str:
    """Which methods the answer is not about, as those that are not finished cannot be ranked; empty where all can."""
    unranked = sorted(task.loc[task["rank"].isna(), "method"])
    if not unranked or not _unfinished(task):
        return ""
    start = f"not ranked yet, as they have not finished: {names_in_words(unranked)}; "
    ranked = sorted(task.loc[task["rank"].notna(), "method"])
    return start if len(ranked) == 1 else f"{start}of {names_in_words(ranked)} alone, "


def none_solved(*, one_length: bool) -> str:
    """What is said of a task that no seed solved; some may have learned a part of it."""
    return "no method solved the task" if one_length else "no method solved even the shortest length"


def answer(task: pd.DataFrame, pairs: pd.DataFrame, baseline: str | None, budget: str, alpha: float) -> str:
    """The sentence for one task, from its rows of the methods table and of the pairwise table."""
    begun = task[task["seeds"] > 0]
    if begun.empty:
        return f"no trial has finished yet of {int(task['planned'].sum())} planned."
    if begun["rank"].isna().all():
        listed = names_in_words([f"{row['method']} {_reach(row, alpha)}" for _, row in begun.iterrows()])
        return f"{_unfinished(task)}{listed}; too few seeds to rank the methods."
    begun = begun[begun["rank"].notna()]
    best = begun[begun["rank"] == begun["rank"].min()]
    start = _unfinished(task) + _ranked_so_far(task)
    if len(begun) == 1 < len(task):
        reached = f"{best.iloc[0]['method']} alone: {_reach(best.iloc[0], alpha)}"
        return f"{start}{_joined(reached, budget)}."
    if (best["below"] == best["seeds"]).all():
        return f"{start}{_joined(none_solved(one_length=not best.iloc[0]['span']), budget)}."
    if len(best) == len(task) and len(task) > 1:
        every = "both methods" if len(task) == 2 else f"all {len(task)} methods"
        equally = "remembered equally far" if best.iloc[0]["span"] else "did equally well"
        alike = f"{every} {equally}: {_reach(best.iloc[0], alpha)}"
        return f"{start}{_joined(alike, budget)}{_losses(best)}."
    return f"{start}{_best_sentence(best, pairs, baseline, budget, alpha)}."


def _losses(tied: pd.DataFrame) -> str:
    """From which to which test loss methods lie that tie otherwise; empty where their task is not judged by it."""
    losses = tied.set_index("method")["loss_longest"].astype(float)
    if losses.isna().any() or f"{losses.min():.3g}" == f"{losses.max():.3g}":
        return ""
    ends = (f"{losses[name]:.3g} ({name})" for name in (losses.idxmin(), losses.idxmax()))
    return "; the test loss of the median seed lies from {} to {}".format(*ends)


def _best_sentence(best: pd.DataFrame, pairs: pd.DataFrame, baseline: str | None, budget: str, alpha: float) -> str:
    """Who remembered furthest, against the baseline."""
    first, names = best.iloc[0], list(best["method"])
    each = " each" if len(names) > 1 else ""
    deed = BEST[0] if first["span"] else BEST[1]
    start = _joined(f"{names_in_words(names)} {deed}: {_reach(first, alpha, each)}", budget)
    if baseline is None or baseline in names:
        note = "no remedy beat it on average" if baseline in names else "no baseline was declared to compare it with"
        return f"{start}; {note}"
    pair = _pair(pairs, first["method"], baseline, alpha)
    if pair is None or not pair["n"]:
        return f"{start}; {baseline} has not finished enough trials to compare"
    return f"{start}; {_difference(pair, names[0] if each else 'it', alpha)}"


def _pair(pairs: pd.DataFrame, method: str, against: str, alpha: float) -> Mapping[Any, Any] | None:
    """The comparison of a method with another, whichever of them was declared first; None if there is none."""
    for row in pairs.to_dict("records"):
        if (row["method"], row["against"]) == (method, against):
            return row
        if (row["method"], row["against"]) == (against, method):
            return turned_round(row, alpha)
    return None


def factor_sentence(effects: pd.DataFrame, shapley: pd.DataFrame, alpha: float) -> str:
    """Which single remedy gave most over all combinations of a factorial grid; empty if none is sure.

    Where it works differently in other company the mean alone would mislead, so what it gives alone and as the last
    one added stands beside it.
    """
    found = effects[(effects["order"] == 1) & (effects["family"] == "declared") & (effects["verdict"] == "better")]
    if found.empty:
        return ""
    best = found.iloc[int(found["mean"].abs().argmax())]
    size, level = size_in_words(best, best["mean"], best["low"], best["high"], alpha)
    times = times_in_words(best, best["mean"])
    within = ", horizons beyond the range of lengths counted as its end," if times and best["bound"] else ""
    known = f"{f'{size}, ' if times else ''}{level}, {p_in_words(best['p_holm'])} after Holm"
    text = f" Over all combinations{within} {best['effect']} gave most: {times or size} ({known})"
    if not best["depends_on"]:
        return f"{text}."
    factor, level = str(best["effect"]).split("=", 1)
    own = shapley[(shapley["factor"] == factor) & (shapley["level"] == level)]
    text += f", but it depends on {best['depends_on']}"
    if len(own):
        ends = (size_in_words(best, own[name].mean(), np.nan, np.nan, alpha)[0] for name in ("alone", "remove_one"))
        text += ": {} alone, {} as the last remedy added".format(*ends)
    return f"{text}."


def answers(
    tables: dict[str, pd.DataFrame], baselines: dict[str, str | None], budgets: dict[str, str], alpha: float
) -> pd.DataFrame:
    """One row a task: `answer`, a sentence or two, from the tables methods, pairwise, effects and shapley.

    budgets: of each task in words (`budget_in_words`)
    """
    rows = []
    for name, methods in tables["methods"].groupby("task", sort=True):
        own = {key: tables[key][tables[key]["task"] == name] for key in ("pairwise", "effects", "shapley")}
        budget = budgets[str(name)]
        sentence = answer(methods, own["pairwise"], baselines.get(str(name)), budget, alpha)
        rows.append((name, f"{name}: {sentence}{factor_sentence(own['effects'], own['shapley'], alpha)}", budget))
    return pd.DataFrame(rows, columns=COLUMNS)
