"""How the settings were chosen: what was tried, what was taken, and how optimistic the score of the choice is.

Choosing the best of 10 learning rates on 3 seeds and reporting those same seeds inflates the score by 0.9 standard
deviations. So the choice is made on validation data of tuning seeds, and its score there is set beside the same
score on the reporting seeds: their gap is the optimism of the choice.

A setting is a learning rate and, in the column `tuned`, the knobs that were tuned with it. A trial counts as solved
here if it met the criterion on validation data and did not diverge: what the choice saw, and nothing more.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqbench.plan.search import find_bracket
from seqbench.plan.selection import mean_octaves
from seqbench.schema import finished, rows_where, with_purpose
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, Floats, clopper_pearson
from seqbench.stats.preregistration import Declared

KEY = ["method", "task"]
SETTING = ["learning_rate", "tuned"]
COLUMNS = [
    *KEY, "settings", "trials", "seeds", "seconds", "chosen", "edges", "diverged", "solved_tuning", "n_tuning",
    "solved_reporting", "n_reporting", "score_name", "score_tuning", "score_reporting", "optimism",
]  # fmt: skip
CURVE_COLUMNS = [*KEY, "length", *SETTING, "n", "solved", "rate", "low", "high", "steps", "diverged", "score"]
REACH_COLUMNS = [*KEY, *SETTING, "n", "solved", "diverged", "at_least", "reach"]
BUDGET_COLUMNS = [*KEY, "settings", "expected_best"]
NOTHING_SOLVED = 2.0 ** mean_octaves([find_bracket({})])
"""Steps that a seed counts for which solved no length of a search."""


def with_score(results: pd.DataFrame) -> pd.DataFrame:
    """Finished trials as validation data judges them.

    score: of which more is better: accuracy, or for tasks judged by loss the negative loss. A diverged trial's
        own may be any number: it gets the worst on its task of those that did not diverge, or that of the trivial
        predictor where it is worse.
    validated: whether it solved the task on validation data; steps_needed: after how many steps, the whole budget for
        one that did not
    """
    trials = finished(results)
    by_loss = trials["solved_metric"] == "loss"
    diverged = trials["outcome"] == "diverged"
    accuracy = pd.to_numeric(trials["validation_accuracy"])
    score = accuracy.where(~by_loss, -pd.to_numeric(trials["validation_loss"])).astype(float)
    trivial = pd.to_numeric(trials["trivial"]).where(~by_loss, -pd.to_numeric(trials["trivial_loss"])).astype(float)
    worst = score.where(~diverged).groupby(trials["task"]).transform("min")
    return trials.assign(
        score=score.where(~diverged, np.fmin(worst, trivial)),
        score_name=np.where(by_loss, "negative validation loss", "validation accuracy"),
        validated=trials["solved_at"].notna() & ~diverged,
        steps_needed=trials["solved_at"].where(trials["solved_at"].notna() & ~diverged, trials["budget"]),
        has_diverged=diverged,
    )


def tuning_curves(results: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method, task, length and setting tried.

    solved of n tuning seeds, their rate with its exact interval (from 5 seeds on); steps: restricted mean steps to
    solve; score: mean validation score
    """
    tried = with_score(with_purpose(results, "tuning"))
    if tried.empty:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    table = (
        tried.groupby([*KEY, "length", *SETTING], dropna=False)
        .agg(n=("seed", "size"), solved=("validated", "sum"), diverged=("has_diverged", "sum"),
             steps=("steps_needed", "mean"), score=("score", "mean"))
        .reset_index()
    )  # fmt: skip
    table["rate"] = table["solved"] / table["n"]
    low, high = clopper_pearson(table["solved"], table["n"], declared.alpha)
    enough = table["n"] >= SEEDS_FOR_INTERVAL
    table["low"], table["high"] = np.where(enough, low, np.nan), np.where(enough, high, np.nan)
    return table[CURVE_COLUMNS]


def tuning_reach(results: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method, searched task and setting tried: how far it got, which decides first what is chosen.

    n: tuning seeds that have started; solved, diverged: trials of theirs, at all lengths
    at_least: seeds that solved the longest length
    reach: geometric mean over the seeds of the longest length solved on validation data, in steps; a seed that solved
        none counts as `NOTHING_SOLVED`
    """
    tried = with_score(with_purpose(results, "tuning"))
    columns = [*KEY, *SETTING, "seed", "length", "validated", "has_diverged"]
    tried = tried.loc[tried["task"].isin(list(declared.searched)), columns]
    seeds: list[tuple[Any, ...]] = []
    for key, own in tried.groupby([*KEY, *SETTING, "seed"], dropna=False):
        found = find_bracket(dict(zip(own["length"].tolist(), own["validated"].tolist(), strict=True)))
        at_least = found.solved >= declared.searched[key[1]][-1]
        counts = int(own["validated"].sum()), int(own["has_diverged"].sum())
        seeds.append((*key[:-1], *counts, at_least, mean_octaves([found])))
    by_seed = pd.DataFrame(seeds, columns=[*KEY, *SETTING, "solved", "diverged", "at_least", "octaves"])
    table = by_seed.groupby([*KEY, *SETTING], dropna=False).agg(
        n=("octaves", "size"), solved=("solved", "sum"), diverged=("diverged", "sum"), at_least=("at_least", "sum"),
        octaves=("octaves", "mean"),
    ).reset_index()  # fmt: skip
    return table.assign(reach=np.exp2(table["octaves"].astype(float)))[REACH_COLUMNS]


def over_lengths(tried: pd.DataFrame) -> pd.DataFrame:
    """The settings that were tried on one task, by method: sums of the counts and the mean score over lengths.

    tried: of the table `tuning_curves`, with the `setting` in words and its `knobs`
    """
    joined = tried.groupby(["method", "setting"], sort=False)
    sums = joined.agg(learning_rate=("learning_rate", "first"), knobs=("knobs", "first"), n=("n", "sum"),
                      solved=("solved", "sum"), diverged=("diverged", "sum"), score=("score", "mean"))  # fmt: skip
    return sums.reset_index()


def tuning(results: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method and task that was tuned; all figures over all lengths.

    settings: how many were tried; trials, seeds, seconds: what that took
    chosen: what the reporting trials have; edges: which of its values are the lowest or the highest tried, with the
        direction in which to extend the range, for all methods
    diverged: share of trials over the whole range
    solved_tuning of n_tuning, solved_reporting of n_reporting: trials of the chosen setting that solved validation data
    score_tuning, score_reporting: their mean validation scores, each over the lengths that it was trained at
    optimism: the first less the second; missing in a search, which tunes at other lengths than it reports
    """
    if with_purpose(results, "tuning").empty:
        return pd.DataFrame(columns=COLUMNS)
    scored = with_score(results)
    scored = scored.assign(setting=settings_of(scored))
    rows = []
    for key, tried in with_purpose(scored, "tuning").groupby(KEY, sort=True):
        at = (scored[KEY] == list(key)).all(axis=1)
        reported = with_purpose(scored[at], "reporting")
        chosen = tried[tried["setting"].isin(reported["setting"])]
        scores = chosen["score"].mean(), reported["score"].mean()
        optimism = np.nan if key[1] in declared.searched else scores[0] - scores[1]
        rows.append((
            *key, tried["setting"].nunique(), len(tried), tried["seed"].nunique(), tried["seconds"].astype(float).sum(),
            "; ".join(sorted(reported["setting"].unique())), "; ".join(edges(tried, reported)),
            tried["has_diverged"].mean(), int(chosen["validated"].sum()), len(chosen),
            int(reported["validated"].sum()), len(reported), tried["score_name"].iloc[0], *scores,
            optimism,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def knobs_of(tuned: object) -> dict[str, Any]:
    """The settings that were tuned beside the learning rate, from the JSON that the results hold."""
    return json.loads(tuned) if isinstance(tuned, str) and tuned else {}


def settings_of(rows: pd.DataFrame) -> pd.Series:
    """Each row's setting in words: `0.003, clip_value.threshold 5`."""
    tuned = rows["tuned"].astype(object).where(rows["tuned"].notna(), None)
    keys = list(zip(rows["learning_rate"], tuned, strict=True))
    words = {key: setting_text(*key) for key in set(keys)}
    return pd.Series([words[key] for key in keys], index=rows.index, dtype=object)


def setting_text(learning_rate: float, tuned: object = None) -> str:
    """A learning rate and the knobs tuned with it, in words."""
    knobs = [f"{name} {value:g}" if _is_number(value) else f"{name} {value}" for name, value in knobs_of(tuned).items()]
    return ", ".join([f"{learning_rate:g}", *knobs])


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def values_of(rows: pd.DataFrame) -> dict[str, list[Any]]:
    """Every value of each setting that was tuned, by name, in the order of the rows."""
    found: dict[str, list[Any]] = {"learning_rate": rows["learning_rate"].tolist()}
    for knobs in map(knobs_of, rows["tuned"]):
        for name, value in knobs.items():
            found.setdefault(name, []).append(value)
    return found


def edges(tried: pd.DataFrame, reported: pd.DataFrame) -> Iterator[str]:
    """What of the chosen setting is the end of what was tried, and where to look further.

    0 and infinity are ends beyond which there is nothing, and no edges; nor is a value the end of the only one tried.
    """
    seen, taken = values_of(tried), values_of(reported)
    for name, values in seen.items():
        numbers = sorted({value for value in values if _is_number(value) and 0 < abs(value) < math.inf})
        chosen = set(taken.get(name, ()))
        if len(numbers) > 1 and numbers[0] in chosen:
            yield f"{name} at the lowest tried"
        if len(numbers) > 1 and numbers[-1] in chosen:
            yield f"{name} at the highest tried"


def expected_best(scores: Floats) -> Floats:
    """`[K]` expected best of 1 to K of the K `scores`, drawn without replacement (the unbiased form of Dodge 2019).

    The i-th smallest is the best of k with probability C(i-1, k-1) / C(K, k).
    """
    ordered, count = np.sort(np.asarray(scores, float)), len(scores)
    chances = [[math.comb(i, k - 1) / math.comb(count, k) for i in range(count)] for k in range(1, count + 1)]
    return np.asarray(chances).reshape(count, count) @ ordered


def tuning_budget(curves: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """Expected validation score, mean over lengths, of the best had only so many `settings` been tried.

    Settings of which a length has no finished trial are left out, since their mean would be over easier tasks. Searched
    tasks have no rows: there only the settings that got furthest meet the longest lengths.
    """
    listed = rows_where(curves, curves["score"].notna() & ~curves["task"].isin(list(declared.searched)))
    parts = []
    for key, own in listed.groupby(KEY, sort=True):
        scores = own.groupby(SETTING, dropna=False)["score"].agg(["mean", "size"])
        best = expected_best(scores.loc[scores["size"] == own["length"].nunique(), "mean"].to_numpy(float))
        place: Mapping[str, Any] = dict(zip(KEY, key, strict=True))
        parts.append(pd.DataFrame({**place, "settings": np.arange(1, len(best) + 1), "expected_best": best}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=BUDGET_COLUMNS)
