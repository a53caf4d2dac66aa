"""The answer in words: one sentence a task that someone can read who has not seen the grid."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.stats.interval import SEEDS_FOR_INTERVAL, clopper_pearson

COLUMNS = ["task", "answer"]
POINTS = {
    "solved": "points of lengths solved",
    "accuracy": "points of accuracy at the longest length",
    "steps": "points of the budget",
}
"""Outcomes that are shares are stated in hundredths."""


def names_in_words(names: list[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 4 more`."""
    shown, rest = names[:most], len(names) - most
    parts = [*shown, f"{rest} more"] if rest > 0 else shown
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def p_in_words(p: float) -> str:
    """`p = 0.002`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def share_in_words(k: int, n: int, alpha: float, of: str = "") -> str:
    """`10 of 10 seeds solved length 100 (95 %: 69-100 %)` for `of=" seeds solved length 100"`; below 5, no interval."""
    if n < SEEDS_FOR_INTERVAL:
        return f"{k} of {n}{of}"
    low, high = (100 * float(end) for end in clopper_pearson(k, n, alpha))
    return f"{k} of {n}{of} ({100 * (1 - alpha):g} %: {low:.0f}-{high:.0f} %)"


def _solved(row: pd.Series, alpha: float, of: str = "") -> str:
    """How many seeds of a method solved the longest length."""
    return share_in_words(int(row["solved_longest"]), int(row["seeds_longest"]), alpha, of)


def _reach(row: pd.Series, alpha: float, longest: str, each: str = "") -> str:
    """How far a method remembered: its seeds at the longest length, and where half of them end if none got there."""
    solved = _solved(row, alpha, f" seeds{each} solved {longest}")
    if row["solved_longest"] > 0:
        return solved
    if row["horizon_median"] == 0:
        return f"less than half of its seeds solved even the shortest length, and {solved}"
    return f"half of its seeds or more reached length {row['horizon_median']:g}, and {solved}"


def _instead(plain: pd.Series, first: pd.Series, alpha: float) -> str:
    """What the baseline did, in the measure in which the best method is described."""
    if first["solved_longest"] > 0:
        return f"solved {_solved(plain, alpha)}"
    return f"reached length {plain['horizon_median']:g}" if plain["horizon_median"] else "did not reach the shortest"


def size_in_words(found: pd.Series, value: float, low: float, high: float, alpha: float) -> tuple[str, str]:
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


def _difference(pair: pd.Series, alpha: float, *, at_least: bool) -> str:
    """The size and sureness of one paired comparison, as the end of a sentence."""
    size, level = size_in_words(pair, pair["difference"], pair["low"], pair["high"], alpha)
    times, n = times_in_words(pair, pair["difference"]), int(pair["n"])
    head = f"{'at least ' if at_least else ''}{times or size}"
    known = ", ".join(filter(None, [size if times else "", level]))
    seen = f"{head} ({known})" if known else head
    if not level:
        return f"{seen} over {n} seeds, too few seeds to tell it from chance"
    if pair["verdict"] == "too few seeds to tell":
        among = f"{int(pair['comparisons'])} comparison{'s' if pair['comparisons'] > 1 else ''}"
        return f"{seen}, but {n} seeds are too few to tell it from chance among {among}"
    proof = f"({known}, {p_in_words(pair['p_holm'])} after Holm)"
    if pair["verdict"] == "no evidence":
        return f"{head} {proof}: no evidence of a difference"
    if pair["low"] <= 0 <= pair["high"]:
        text = f"{head} {proof}; the seeds agree, but a rare failure that this few cannot rule out could undo the mean"
    else:
        text = f"{head}, beyond chance {proof}"
    return text if pair["family"] == "declared" else f"{text}; this comparison was not declared beforehand"


def _gaps(task: pd.DataFrame) -> str:
    """What is missing, if anything."""
    planned, finished = int(task["planned"].sum()), int(task["finished"].sum())
    some = task["rank"].isna().any() and task["rank"].notna().any()
    unranked = names_in_words(sorted(task.loc[task["rank"].isna(), "method"])) if some else ""
    text = "" if planned == finished else f" Only {finished} of {planned} trials have finished"
    return f"{text}{f'; not ranked: {unranked}' if unranked and text else ''}." if text else ""


def answer(task: pd.DataFrame, pairs: pd.DataFrame, baseline: str | None, alpha: float) -> str:
    """The sentence for one task, from its rows of the methods table and of the pairwise table."""
    if not task["finished"].sum():
        return f"no trial has finished yet of {int(task['planned'].sum())} planned."
    begun = task[(task["seeds"] > 0) & task["seeds_longest"].gt(0)]
    if begun.empty:
        return f"no trial at the longest length has finished yet.{_gaps(task)}"
    longest = f"length {begun['longest'].iloc[0]:g}"
    if begun["rank"].isna().all():
        listed = names_in_words([f"{row['method']} {_solved(row, alpha)}" for _, row in begun.iterrows()])
        return f"seeds that solved {longest}: {listed}; too few seeds to rank the methods.{_gaps(task)}"
    begun = begun[begun["rank"].notna()]
    best = begun[begun["rank"] == begun["rank"].min()]
    if best["octaves"].max() == 0 and best["solved_longest"].max() == 0 and best["horizon_median"].max() == 0:
        return f"nothing was learned: no method solved even the shortest length.{_gaps(task)}"
    if len(best) == len(task) and len(task) > 1:
        return f"all {len(task)} methods remembered equally far: {_reach(best.iloc[0], alpha, longest)}.{_gaps(task)}"
    return _best_sentence(begun, best, pairs, baseline, alpha, longest) + _gaps(task)


def _best_sentence(
    begun: pd.DataFrame, best: pd.DataFrame, pairs: pd.DataFrame, baseline: str | None, alpha: float, longest: str
) -> str:
    """Who remembered furthest, against the baseline."""
    first, names = best.iloc[0], list(best["method"])
    reach = _reach(first, alpha, longest, each=" each" if len(names) > 1 else "")
    start = f"{names_in_words(names)} remembered furthest: {reach}"
    if baseline is None or baseline in names:
        note = "no remedy beat it on average" if baseline in names else "no baseline was declared to compare it with"
        return f"{start}; {note}."
    plain = begun[begun["method"] == baseline]
    pair = pairs[(pairs["method"] == first["method"]) & (pairs["against"] == baseline)]
    if plain.empty or pair.empty or not pair["n"].iloc[0]:
        return f"{start}; {baseline} has not finished enough trials to compare."
    # Beyond the longest and below the shortest length the grid cannot see, so their distance is a least distance.
    censored = str(first["horizon"]).startswith(">=") or str(plain["horizon"].iloc[0]).startswith("<")
    at_least = censored and pair["unit"].iloc[0] == "octaves" and pair["difference"].iloc[0] > 0
    compared = _difference(pair.iloc[0], alpha, at_least=at_least)
    return f"{start}, where {baseline} {_instead(plain.iloc[0], first, alpha)}; {compared}."


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
    known = f"{f'{size}, ' if times else ''}{level}, {p_in_words(best['p_holm'])} after Holm"
    text = f" Over all combinations {best['effect']} gave most: {times or size} ({known})"
    if not best["depends_on"]:
        return f"{text}."
    factor, level = str(best["effect"]).split("=", 1)
    own = shapley[(shapley["factor"] == factor) & (shapley["level"] == level)]
    text += f", but it depends on {best['depends_on']}"
    if len(own):
        ends = (size_in_words(best, own[name].mean(), np.nan, np.nan, alpha)[0] for name in ("alone", "remove_one"))
        text += ": {} alone, {} as the last remedy added".format(*ends)
    return f"{text}."


def answers(tables: dict[str, pd.DataFrame], baselines: dict[str, str | None], alpha: float) -> pd.DataFrame:
    """One row a task: `answer`, a sentence or two, from the tables methods, pairwise, effects and shapley."""
    rows = []
    for name, methods in tables["methods"].groupby("task", sort=True):
        own = {key: tables[key][tables[key]["task"] == name] for key in ("pairwise", "effects", "shapley")}
        sentence = answer(methods, own["pairwise"], baselines.get(str(name)), alpha)
        rows.append((name, f"{name}: {sentence}{factor_sentence(own['effects'], own['shapley'], alpha)}"))
    return pd.DataFrame(rows, columns=COLUMNS)
